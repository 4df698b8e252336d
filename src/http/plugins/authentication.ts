import type { FastifyInstance, FastifyRequest } from "fastify";
import { Problem } from "../../kernel/problem.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { Access } from "../route.ts";
import type { CoreServices, Identity } from "../services.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { SignInAttempts } from "./session-attempts.ts";
import { refuseCookieBesideToken, refuseOtherSites, requireCsrfToken, sessionIdentity } from "./session.ts";

const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
/** Characters. Both kinds of token are shorter; a JWT that is longer carries what this service does not want to know. */
const longestToken = 4_096;

/**
 * Finds out who is asking and whether they may, before a byte of the body is read. Routes that are declared open are
 * let through; nothing else is.
 */
export function authentication(app: FastifyInstance, services: CoreServices, limiter: RateLimiter): void {
  const attempts = new SignInAttempts();
  app.addHook("onRequest", async (request, reply) => {
    const policy = request.routeOptions.config.policy;
    // Unknown paths have no policy; they were answered before this hook.
    if (policy?.health) return;
    if (policy === undefined || policy.access === "open") {
      await limiter.countAddress(request);
      if (policy?.signsIn !== true) return;
      refuseOtherSites(request, services.sessions);
      return attempts.begin(request, reply);
    }

    let identity: Identity;
    let token: string | undefined;
    try {
      token = findBearerToken(request.raw.rawHeaders);
      // A session's cookie is looked for only where there is no token.
      const found =
        token === undefined ? sessionIdentity(request, reply, services.sessions) : identify(request, token, services);
      identity = known(found instanceof Promise ? await found : found);
    } catch (error) {
      // Failures are counted by address: guessing tokens is as limited as using one.
      if (error instanceof Problem && unproven.has(error.code)) await limiter.countAddress(request);
      throw error;
    }
    request.caller = { principal: identity.principal, roles: identity.roles, requestId: request.id };
    await limiter.countPrincipal(request);
    if (token === undefined) requireCsrfToken(request, services.sessions);
    requireRole(policy.access, identity.roles);
  });
}

/** What somebody is answered of whom nothing is known. */
const unproven = new Set<string>(["UNAUTHENTICATED", "IDENTITY_PROVIDER_UNAVAILABLE", "CROSS_SITE_REQUEST"]);

function identify(
  request: FastifyRequest,
  token: string,
  services: CoreServices,
): ReturnType<CoreServices["authenticate"]> {
  refuseCookieBesideToken(request.headers.cookie, services.sessions);
  return services.authenticate(token);
}

function known(identity: Identity | null): Identity {
  if (identity !== null) return identity;
  throw new ServiceProblem("UNAUTHENTICATED", "The token is unknown, expired or revoked.");
}

/** The token of the one `Authorization` header. @throws ServiceProblem UNAUTHENTICATED, INVALID_REQUEST */
export function bearerToken(rawHeaders: readonly string[]): string {
  const token = findBearerToken(rawHeaders);
  if (token !== undefined) return token;
  throw new ServiceProblem("UNAUTHENTICATED", "There is no `Authorization: Bearer <token>` header.");
}

/**
 * The same, or undefined where there is no such header.
 * @param rawHeaders names and values in turn; node's own view keeps the first of two and drops the other silently
 */
function findBearerToken(rawHeaders: readonly string[]): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length !== 13 || rawHeaders[i]?.toLowerCase() !== "authorization") continue;
    if (found !== undefined) {
      const detail = "It must be sent once.";
      throw new ServiceProblem("INVALID_REQUEST", `The authorization header is ambiguous. ${detail}`, {
        errors: [{ pointer: "header authorization", detail }],
      });
    }
    found = rawHeaders[i + 1];
  }
  if (found === undefined) return undefined;
  const token = bearer.exec(found)?.[1];
  if (token === undefined)
    throw new ServiceProblem("UNAUTHENTICATED", "The authorization header is not `Bearer <token>`.");
  if (token.length > longestToken)
    throw new ServiceProblem("UNAUTHENTICATED", `The token is longer than ${longestToken} characters.`);
  return token;
}

function requireRole(access: Exclude<Access, "open">, roles: readonly string[]): void {
  if (access === "any" || access.some((role) => roles.includes(role))) return;
  throw new ServiceProblem("FORBIDDEN", `This needs the role ${access.map((role) => `\`${role}\``).join(" or ")}.`, {
    members: { required_roles: access },
  });
}
