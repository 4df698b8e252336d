import Type from "typebox";
import { ApprovalRequest, AprCode, readRequest } from "../../../approvals/index.ts";
import { defineRoute } from "../../route.ts";

export const readApprovalRequest = defineRoute({
  method: "GET",
  url: "/v1/approval-requests/:apr_code",
  access: "any",
  summary: "Read one approval request",
  description: "With its digest, votes, quorum, result, the code of its grant, and who may still decide (OPEN-8).",
  tags: ["approval requests"],
  schema: {
    params: Type.Object({ apr_code: AprCode }, { additionalProperties: false }),
    responses: { 200: ApprovalRequest },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readRequest(tx, params.apr_code) }),
});
