import { Page } from "../../../kernel/schemas.ts";
import { listPlans, PlanQuery, PlanSummary } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const listPlansRoute = defineRoute({
  method: "GET",
  url: "/v1/plans",
  access: "any",
  summary: "List registered revisions of plans",
  tags: ["plans"],
  schema: { query: PlanQuery, responses: { 200: Page(PlanSummary) } },
  handle: async ({ tx, query }) => ({ status: 200, body: await listPlans(tx, query) }),
});
