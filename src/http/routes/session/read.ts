import { ServiceProblem } from "../../../kernel/problems.ts";
import { readSession, Session } from "../../../sessions/index.ts";
import { cookieValue } from "../../plugins/session-cookie.ts";
import { defineRoute } from "../../route.ts";

export const readSessionRoute = defineRoute({
  method: "GET",
  url: "/v1/session",
  access: "any",
  summary: "Who is signed in at this browser, until when",
  description: "And the CSRF token of the session. With an `Authorization` header there is no session.",
  tags: ["session"],
  schema: { responses: { 200: Session }, problems: ["NOT_FOUND"] },
  handle: async ({ tx, headers, services: { sessions } }) => {
    const secret = cookieValue(headers.cookie, "session", sessions);
    if (secret === undefined)
      throw new ServiceProblem("NOT_FOUND", "This request has no session: it came with a token.");
    const session = await readSession(tx, secret);
    // It ended after the cookie was looked at.
    if (session === undefined) throw new ServiceProblem("UNAUTHENTICATED", "The session is over. Sign in again.");
    return { status: 200, body: session };
  },
});
