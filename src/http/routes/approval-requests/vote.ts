import Type from "typebox";
import { AprCode, castVote, VoteInput, VoteReceipt } from "../../../approvals/index.ts";
import { defineRoute } from "../../route.ts";

export const voteOnApprovalRequest = defineRoute({
  method: "POST",
  url: "/v1/approval-requests/:apr_code/votes",
  access: ["approver", "council"],
  audit: "approval_request.voted",
  summary: "Vote on an approval request",
  description:
    "One vote a person, on the digest that they saw (APR-3). A quorum approves, one reject ends the request (APR-5).",
  tags: ["approval requests"],
  schema: {
    params: Type.Object({ apr_code: AprCode }, { additionalProperties: false }),
    body: VoteInput,
    responses: { 201: VoteReceipt },
    problems: ["NOT_FOUND", "SELF_APPROVAL", "VOTE_DIGEST_STALE", "APR_NOT_OPEN", "VOTE_CONFLICT"],
  },
  handle: async ({ tx, caller, params, body }) => ({
    status: 201,
    body: await castVote(tx, caller, params.apr_code, body),
  }),
});
