import Type from "typebox";
import { ApprovalCode, ProposalApproval, signProposalApproval } from "../../../plans/index.ts";
import { EsignInput } from "../../../signatures/index.ts";
import { defineRoute } from "../../route.ts";

export const esignProposalRoute = defineRoute({
  method: "POST",
  url: "/v1/proposal-approvals/:approval_code/esign",
  access: ["sovereign"],
  audit: "proposal_approval.active",
  summary: "Sign a draft record: it becomes active",
  description:
    "A detached JWS over the bytes of signing-payload, or a WebAuthn assertion whose challenge is their SHA-256 digest, by the " +
    "caller's own confirmed key (PLAN-9, ESIGN-2).",
  tags: ["plans"],
  schema: {
    params: Type.Object({ approval_code: ApprovalCode }, { additionalProperties: false }),
    body: EsignInput,
    responses: { 200: ProposalApproval },
    problems: ["NOT_FOUND", "ESIGN_INVALID", "RECORD_EXPIRED", "RECORD_REVOKED"],
  },
  countsAs: "esign",
  handle: async ({ tx, caller, params, body, services }) => ({
    status: 200,
    body: await signProposalApproval(tx, caller, params.approval_code, body, services.relyingParty()),
  }),
});
