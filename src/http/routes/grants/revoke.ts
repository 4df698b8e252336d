import Type from "typebox";
import { AuthCode, Grant, readGrant, RevokeInput, revokeGrant } from "../../../grants/index.ts";
import { isOfRun, requestStop, RunningChoice } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const revokeGrantRoute = defineRoute({
  method: "POST",
  url: "/v1/grants/:auth_code/revoke",
  access: ["operator", "sovereign"],
  audit: "grant.revoked",
  dryRun: true,
  summary: "Revoke a grant",
  description:
    "Revoking again answers the first revocation (GRANT-5). A consumed grant cannot be revoked, but its run can be ended: " +
    "`running` says whether it stops at its next state boundary or is undone from there (OPEN-4); the grant is answered " +
    "as it stays, consumed.",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    body: Type.Object(
      { ...RevokeInput.properties, running: Type.Optional(RunningChoice) },
      { additionalProperties: false },
    ),
    responses: { 200: Grant },
    problems: ["NOT_FOUND", "LEASE_HELD", "REJECT_AUTH_ALREADY_CONSUMED", "REJECT_AUTH_EXPIRED"],
  },
  countsAs: "revoke",
  async handle({ tx, caller, params, body, services }) {
    const { running, reason } = body;
    // The run is locked before the grant (GRANT-8).
    if (running !== undefined && (await isOfRun(tx, params.auth_code))) {
      const stops = await requestStop(tx, caller, services.runs.builds, params.auth_code, { running, reason });
      if (stops) return { status: 200, body: await readGrant(tx, params.auth_code) };
    }
    return { status: 200, body: await revokeGrant(tx, caller, params.auth_code, { reason }) };
  },
  committed: (services) => services.runs.wake(),
});
