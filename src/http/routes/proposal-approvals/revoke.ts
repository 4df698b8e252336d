import Type from "typebox";
import { RevokeInput } from "../../../grants/index.ts";
import { ApprovalCode, ProposalApproval, readProposalApproval, revokeProposalApproval } from "../../../plans/index.ts";
import { requestStop, RunningChoice } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const revokeProposalRoute = defineRoute({
  method: "POST",
  url: "/v1/proposal-approvals/:approval_code/revoke",
  access: ["operator", "sovereign"],
  audit: "proposal_approval.revoked",
  summary: "Take a record back",
  description:
    "Again, it answers the first time's answer. A used record stays used, but its run can be ended: `running` says whether it " +
    "stops at its next state boundary or is undone from there (OPEN-4).",
  tags: ["plans"],
  schema: {
    params: Type.Object({ approval_code: ApprovalCode }, { additionalProperties: false }),
    body: Type.Object(
      { ...RevokeInput.properties, running: Type.Optional(RunningChoice) },
      { additionalProperties: false },
    ),
    responses: { 200: ProposalApproval },
    problems: ["NOT_FOUND", "LEASE_HELD", "RECORD_USED", "RECORD_EXPIRED"],
  },
  countsAs: "revoke",
  async handle({ tx, caller, params, body, services }) {
    const { running, reason } = body;
    const code = params.approval_code;
    // The run is locked before the record (GRANT-8).
    const stops =
      running !== undefined && (await requestStop(tx, caller, services.runs.builds, code, { running, reason }));
    if (stops) return { status: 200, body: await readProposalApproval(tx, code) };
    return { status: 200, body: await revokeProposalApproval(tx, caller, code, reason) };
  },
  committed: (services) => services.runs.wake(),
});
