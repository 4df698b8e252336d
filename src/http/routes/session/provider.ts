import { sessionTime, SignInProvider } from "../../../sessions/index.ts";
import { defineRoute } from "../../route.ts";

export const sessionProviderRoute = defineRoute({
  method: "GET",
  url: "/v1/session/provider",
  access: "open",
  summary: "In which ways people can sign in",
  tags: ["session"],
  schema: { responses: { 200: SignInProvider } },
  handle: async ({ tx, services: { sessions } }) => ({
    status: 200,
    body: { oidc: sessions.hasIssuer, now: (await sessionTime(tx)).toISOString() },
  }),
});
