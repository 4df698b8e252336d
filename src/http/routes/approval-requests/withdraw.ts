import Type from "typebox";
import { ApprovalRequest, AprCode, withdrawRequest } from "../../../approvals/index.ts";
import { defineRoute } from "../../route.ts";

export const withdrawApprovalRequest = defineRoute({
  method: "POST",
  url: "/v1/approval-requests/:apr_code/withdraw",
  access: ["requester"],
  audit: "approval_request.withdrawn",
  summary: "Withdraw one's own approval request",
  description: "Before it is executed. Withdrawing again answers the withdrawn request.",
  tags: ["approval requests"],
  schema: {
    params: Type.Object({ apr_code: AprCode }, { additionalProperties: false }),
    responses: { 200: ApprovalRequest },
    problems: ["NOT_FOUND", "APR_NOT_OPEN"],
  },
  handle: async ({ tx, caller, params }) => ({ status: 200, body: await withdrawRequest(tx, caller, params.apr_code) }),
});
