import { RollbackStepInput, rollBackStep, StepParams } from "../../../plans/index.ts";
import { Run } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";
import { actProblems, stepPath } from "./problems.ts";

export const rollBackStepRoute = defineRoute({
  method: "POST",
  url: "/v1/plans/:plan_id/revisions/:revision/steps/:step/rollback",
  access: ["executor"],
  audit: "run.started",
  summary: "Roll a committed step back",
  description:
    "As an act of its own, rehearsed and recorded like a commit (PLAN-7). Where the plan says `retire`, rows stay and the step " +
    "is not committed a second time.",
  tags: ["plans"],
  schema: { params: StepParams, body: RollbackStepInput, responses: { 200: Run, 202: Run }, problems: actProblems },
  async handle({ tx, caller, params, body, services }) {
    const run = await rollBackStep(tx, caller, services.runs, stepPath(params), body);
    return run.status === "succeeded" ? { status: 200, body: run } : { status: 202, body: run };
  },
  committed: (services) => services.runs.wake(),
});
