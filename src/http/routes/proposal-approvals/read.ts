import Type from "typebox";
import { ApprovalCode, ProposalApproval, readProposalApproval } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const readProposalApprovalRoute = defineRoute({
  method: "GET",
  url: "/v1/proposal-approvals/:approval_code",
  access: "any",
  summary: "One M-1 record, with its signature",
  tags: ["plans"],
  schema: {
    params: Type.Object({ approval_code: ApprovalCode }, { additionalProperties: false }),
    responses: { 200: ProposalApproval },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readProposalApproval(tx, params.approval_code) }),
});
