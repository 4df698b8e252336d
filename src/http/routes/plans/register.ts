import { PlanInput, PlanView, registerPlan } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";

export const registerPlanRoute = defineRoute({
  method: "POST",
  url: "/v1/plans",
  access: ["requester"],
  audit: "plan.registered",
  dryRun: true,
  summary: "Register a revision of a plan",
  description:
    "The plan file as it is written (PLAN-1). Each fault is named with a pointer, a line and a column. The same content again " +
    "answers the registered revision with 200; other content under the same revision is a conflict. `?dry_run=true` only lints.",
  tags: ["plans"],
  bodyLimit: 2 * 1024 * 1024,
  schema: { body: PlanInput, responses: { 200: PlanView, 201: PlanView }, problems: ["PLAN_INVALID", "PLAN_CONFLICT"] },
  async handle({ tx, caller, body, services }) {
    const { plan, fresh } = await registerPlan(tx, caller, services.runs.targets, body);
    const headers = { location: `/v1/plans/${plan.plan_id}/revisions/${plan.revision}` };
    return { status: fresh ? 201 : 200, headers, body: plan };
  },
});
