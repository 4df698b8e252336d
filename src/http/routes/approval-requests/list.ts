import Type from "typebox";
import { ActionCode, ApprovalRequestSummary, listRequests, RequestStatus } from "../../../approvals/index.ts";
import { Cursor, Limit, Page, Principal } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

const Relation = Type.Enum(["can_vote", "created", "voted"], {
  description:
    "`can_vote`: waits for the caller; `created`: is the caller's; `voted`: was decided by the caller (OPEN-8).",
});

export const listApprovalRequests = defineRoute({
  method: "GET",
  url: "/v1/approval-requests",
  access: "any",
  summary: "List approval requests",
  tags: ["approval requests"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        status: Type.Optional(RequestStatus),
        action_code: Type.Optional(ActionCode),
        requested_by: Type.Optional(Principal),
        relation: Type.Optional(Relation),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(ApprovalRequestSummary) },
  },
  handle: async ({ tx, caller, query }) => ({ status: 200, body: await listRequests(tx, caller, query) }),
});
