import { ServiceProblem } from "../../../kernel/problems.ts";
import { endSession, SignedOut } from "../../../sessions/index.ts";
import { clearCookie, cookieValue } from "../../plugins/session-cookie.ts";
import { defineRoute } from "../../route.ts";

export const endSessionRoute = defineRoute({
  method: "DELETE",
  url: "/v1/session",
  access: "any",
  audit: "session.ended",
  // Whoever sends it again has no session by which the answer could be found again.
  idempotent: false,
  summary: "Sign out at this browser",
  tags: ["session"],
  schema: { responses: { 200: SignedOut }, problems: ["NOT_FOUND"] },
  handle: async ({ tx, caller, headers, services: { sessions } }) => {
    const secret = cookieValue(headers.cookie, "session", sessions);
    const endedAt = secret === undefined ? undefined : await endSession(tx, caller.requestId, secret, "signed_out");
    if (endedAt === undefined)
      throw new ServiceProblem("NOT_FOUND", "This request has no session: it came with a token.");
    return {
      status: 200,
      body: { ended_at: endedAt.toISOString() },
      headers: { "set-cookie": clearCookie("session", sessions) },
    };
  },
});
