import { SignInRedirect, SignInRequest } from "../../../sessions/index.ts";
import { setCookie } from "../../plugins/session-cookie.ts";
import { defineRoute } from "../../route.ts";

const lastsSeconds = 600;

export const startSignInRoute = defineRoute({
  method: "POST",
  url: "/v1/session/oidc",
  access: "open",
  audit: null,
  mutates: false,
  signsIn: true,
  bodyOptional: true,
  summary: "Begin a sign-in at the issuer",
  description:
    "Authorization code flow with PKCE (S256), state and nonce. Send the browser to `authorization_url`; the issuer sends it back to " +
    "`/console/callback` with `code`, `state` and perhaps `iss`, which go to `POST /v1/session` within ten minutes, once. The cookie that the " +
    "answer sets binds the sign-in to this browser. Nothing is kept before it comes back.",
  tags: ["session"],
  schema: {
    body: SignInRequest,
    responses: { 201: SignInRedirect },
    problems: ["NOT_FOUND", "IDENTITY_PROVIDER_UNAVAILABLE", "CROSS_SITE_REQUEST"],
  },
  // The issuer is looked for while no transaction is open.
  looks: ({ services: { sessions } }) => sessions.findIssuer(),
  handle: async ({ tx, looked, services: { sessions } }) => {
    const { url, start } = await looked(tx);
    return {
      status: 201,
      body: { authorization_url: url },
      headers: { "set-cookie": setCookie("sign_in", start.binding, sessions, lastsSeconds) },
    };
  },
});
