import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceProblem } from "../../kernel/problems.ts";
import { isCsrfTokenOf, SessionProblem, type SessionServices } from "../../sessions/index.ts";
import type { Identity } from "../services.ts";
import { clearCookie, cookieValue } from "./session-cookie.ts";

/** How often it is looked at whether a session is still open, in the time that it may idle. */
const looksInIdleTime = 30;

/**
 * Whose session the request's cookie stands for.
 * @throws ServiceProblem UNAUTHENTICATED, INVALID_REQUEST; SessionProblem CROSS_SITE_REQUEST
 */
export async function sessionIdentity(
  request: FastifyRequest,
  reply: FastifyReply,
  sessions: SessionServices,
): Promise<Identity> {
  const secret = cookieValue(request.headers.cookie, "session", sessions);
  if (secret === undefined) {
    throw new ServiceProblem("UNAUTHENTICATED", "There is no `Authorization: Bearer <token>` header.");
  }
  refuseOtherSites(request, sessions);
  const identity = await sessions.whose(secret);
  if (identity !== null) return identity;
  reply.header("set-cookie", clearCookie("session", sessions));
  throw new ServiceProblem("UNAUTHENTICATED", "The session is over. Sign in again.");
}

/** What a program sends and what a browser sends does not go together. @throws ServiceProblem INVALID_REQUEST */
export function refuseCookieBesideToken(cookies: string | undefined, sessions: SessionServices): void {
  if (cookieValue(cookies, "session", sessions) === undefined) return;
  const detail = "Send the one or the other.";
  throw new ServiceProblem("INVALID_REQUEST", `There are an authorization header and a session's cookie. ${detail}`, {
    errors: [{ pointer: "header authorization", detail }],
  });
}

/**
 * A browser sends cookies with requests that its user knows nothing of; only a page of this service can send this header. Nothing
 * is asked of what changes nothing by its method.
 * @throws SessionProblem CSRF_TOKEN_INVALID
 */
export function requireCsrfToken(request: FastifyRequest, sessions: SessionServices): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const secret = cookieValue(request.headers.cookie, "session", sessions);
  const sent = request.headers["x-csrf-token"];
  if (secret !== undefined && typeof sent === "string" && isCsrfTokenOf(secret, sent)) return;
  const what = sent === undefined ? "There is no `x-csrf-token` header." : "`x-csrf-token` is not this session's.";
  throw new SessionProblem("CSRF_TOKEN_INVALID", what);
}

/**
 * What the browser says of where the request comes from (Fetch Metadata, RFC 6454); a client that says nothing is no browser of
 * today, and the cookie's SameSite and the CSRF token are there beside it.
 * @throws SessionProblem CROSS_SITE_REQUEST
 */
export function refuseOtherSites(request: FastifyRequest, { origin }: SessionServices): void {
  const { "sec-fetch-site": site, origin: sentOrigin, host } = request.headers;
  const foreign = site !== undefined && site !== "same-origin" && site !== "none";
  if (foreign || (sentOrigin !== undefined && !isOwn(sentOrigin, origin, host))) {
    throw new SessionProblem("CROSS_SITE_REQUEST", "A page of another origin has sent this request.");
  }
}

function isOwn(sent: string, configured: string | undefined, host: string | undefined): boolean {
  if (configured !== undefined) return sent === configured;
  return URL.canParse(sent) && new URL(sent).host === host;
}

/**
 * For an answer that goes on for long: aborted once the session that the request came with is over, which is looked at every so often and
 * is no use of it. A request with a token has no session, and this is never aborted.
 * @param left when nobody reads the answer any more
 */
export function whenSessionEnds(request: FastifyRequest, sessions: SessionServices, left: AbortSignal): AbortSignal {
  const over = new AbortController();
  const token = request.headers.authorization;
  const secret = token === undefined ? cookieValue(request.headers.cookie, "session", sessions) : undefined;
  if (secret === undefined) return over.signal;
  const look = (): void => {
    // A database that cannot be asked says nothing about the session.
    sessions.isOpen(secret).then(
      (open) => !open && over.abort(),
      () => undefined,
    );
  };
  const timer = setInterval(look, (sessions.limits.idleSeconds * 1_000) / looksInIdleTime).unref();
  left.addEventListener("abort", () => clearInterval(timer), { once: true });
  return over.signal;
}
