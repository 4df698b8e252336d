import { PlanParams, PlanView, readPlan } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const readPlanRoute = defineRoute({
  method: "GET",
  url: "/v1/plans/:plan_id/revisions/:revision",
  access: "any",
  summary: "One revision: its content, its steps and the plan's ledger",
  tags: ["plans"],
  schema: { params: PlanParams, responses: { 200: PlanView }, problems: ["NOT_FOUND"] },
  handle: async ({ tx, params }) => ({ status: 200, body: await readPlan(tx, params.plan_id, params.revision) }),
});
