import Type from "typebox";
import { AuthCode, Grant, RevokeInput, revokeGrant } from "../../../grants/index.ts";
import { defineRoute } from "../../route.ts";

export const revokeGrantRoute = defineRoute({
  method: "POST",
  url: "/v1/grants/:auth_code/revoke",
  access: ["operator", "sovereign"],
  audit: "grant.revoked",
  dryRun: true,
  summary: "Revoke a grant",
  description: "A consumed grant cannot be revoked; revoking again answers the first revocation (GRANT-5).",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    body: RevokeInput,
    responses: { 200: Grant },
    problems: ["NOT_FOUND", "REJECT_AUTH_ALREADY_CONSUMED", "REJECT_AUTH_EXPIRED"],
  },
  countsAs: "revoke",
  handle: async ({ tx, caller, params, body }) => ({
    status: 200,
    body: await revokeGrant(tx, caller, params.auth_code, body),
  }),
});
