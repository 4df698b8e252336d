import { approveStep, ProposalApproval, ProposalApprovalInput } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const approveStepRoute = defineRoute({
  method: "POST",
  url: "/v1/proposal-approvals",
  access: ["sovereign"],
  audit: "proposal_approval.recorded",
  summary: "Record the authorization (M-1) of one act on one step",
  description:
    "Single-use, expiring, bound to the plan's digest, the step and the rehearsal that was seen (PLAN-2). Where the step " +
    "demands a signature, the record is a draft until it is signed.",
  tags: ["plans"],
  schema: {
    body: ProposalApprovalInput,
    responses: { 201: ProposalApproval },
    problems: ["NOT_FOUND", "RECORD_MISMATCH", "REHEARSAL_NEEDED", "NOTHING_TO_DO"],
  },
  async handle({ tx, caller, body }) {
    const record = await approveStep(tx, caller, body);
    return { status: 201, headers: { location: `/v1/proposal-approvals/${record.approval_code}` }, body: record };
  },
});
