import { DecisionQuery, listReviewDecisions, ReviewDecision } from "../../../lifecycle/index.ts";
import { Page } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

export const listReviewDecisionsRoute = defineRoute({
  method: "GET",
  url: "/v1/review-decisions",
  access: "any",
  summary: "List review decisions",
  description: "Newest first.",
  tags: ["lifecycle"],
  schema: { query: DecisionQuery, responses: { 200: Page(ReviewDecision) } },
  handle: async ({ tx, query }) => ({ status: 200, body: await listReviewDecisions(tx, query) }),
});
