import { Page } from "../../../kernel/schemas.ts";
import { ApprovalQuery, listProposalApprovals, ProposalApproval } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const listProposalApprovalsRoute = defineRoute({
  method: "GET",
  url: "/v1/proposal-approvals",
  access: "any",
  summary: "List M-1 records",
  tags: ["plans"],
  schema: { query: ApprovalQuery, responses: { 200: Page(ProposalApproval) } },
  handle: async ({ tx, query }) => ({ status: 200, body: await listProposalApprovals(tx, query) }),
});
