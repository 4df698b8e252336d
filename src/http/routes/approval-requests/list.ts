import Type from "typebox";
import {
  ActionCode,
  ApprovalRequestSummary,
  AprCode,
  listRequests,
  RequestStatus,
  Risk,
} from "../../../approvals/index.ts";
import { Cursor, Limit, Name, Page, Principal, SearchText } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

const Relation = Type.Enum(["can_vote", "created", "voted"], {
  description:
    "`can_vote`: waits for the caller; `created`: is the caller's; `voted`: was decided by the caller (OPEN-8).",
});

const ComparableTo = Type.String({
  ...AprCode,
  description:
    "What was approved or executed for the same plan and target as this request, without itself: the first is the last one before it to compare with. With `status`, those in that status.",
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
        risk: Type.Optional(Risk),
        plan_id: Type.Optional(Name(200)),
        target: Type.Optional(Name(120)),
        environment: Type.Optional(Name(120)),
        q: Type.Optional(SearchText),
        comparable_to: Type.Optional(ComparableTo),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(ApprovalRequestSummary) },
  },
  handle: async ({ tx, caller, query }) => ({ status: 200, body: await listRequests(tx, caller, query) }),
});
