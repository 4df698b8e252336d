import { openSession, Session, SignIn, type Vouched } from "../../../sessions/index.ts";
import { cookieValue, setCookie } from "../../plugins/session-cookie.ts";
import { defineRoute } from "../../route.ts";

export const openSessionRoute = defineRoute<
  {
    readonly body: typeof SignIn;
    readonly responses: { readonly 201: typeof Session };
    readonly problems: readonly string[];
  },
  Vouched | undefined
>({
  method: "POST",
  url: "/v1/session",
  access: "open",
  audit: "session.opened",
  signsIn: true,
  summary: "Sign in at a browser",
  description:
    "By an API token, or with what the issuer has sent back (see `POST /v1/session/oidc`). The answer sets a cookie that stands for the session. " +
    "Whatever is not GET or HEAD needs the session's `csrf_token` in `x-csrf-token` then. A session that the browser had before ends.",
  tags: ["session"],
  schema: {
    body: SignIn,
    responses: { 201: Session },
    problems: ["UNAUTHENTICATED", "IDENTITY_PROVIDER_UNAVAILABLE", "CROSS_SITE_REQUEST", "NOT_FOUND"],
  },
  // The issuer is asked while no transaction is open.
  looks: async ({ body, headers, services: { sessions } }) =>
    "code" in body ? sessions.vouch(body, cookieValue(headers.cookie, "sign_in", sessions)) : undefined,
  handle: async ({ tx, caller, body, looked, headers, services: { sessions, serverKeys } }) => {
    const way = "token" in body ? { token: body.token, keys: serverKeys } : await sessions.admit(tx, looked ?? {});
    const former = cookieValue(headers.cookie, "session", sessions);
    const { requestId } = caller;
    const { secret, session } = await openSession(tx, { way, limits: sessions.limits, former, requestId });
    return { status: 201, body: session, headers: { "set-cookie": setCookie("session", secret, sessions) } };
  },
});
