import { ApprovalRequest, ApprovalRequestInput, submitRequest, wholeRequest } from "../../../approvals/index.ts";
import { defineRoute } from "../../route.ts";

export const submitApprovalRequest = defineRoute({
  method: "POST",
  url: "/v1/approval-requests",
  access: ["requester"],
  audit: "approval_request.submitted",
  summary: "Post an approval request",
  description:
    "The same content again answers the stored request with 200; other content under the same code is a conflict (APR-2).",
  tags: ["approval requests"],
  schema: {
    body: ApprovalRequestInput,
    responses: { 200: ApprovalRequest, 201: ApprovalRequest },
    problems: ["APR_CONFLICT"],
  },
  async handle({ tx, caller, body }) {
    const { created, request } = await submitRequest(tx, caller, body);
    const headers = { location: `/v1/approval-requests/${encodeURIComponent(request.apr_code)}` };
    return { status: created ? 201 : 200, headers, body: await wholeRequest(tx, request) };
  },
});
