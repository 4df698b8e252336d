import { rehearseStep, RehearseInput, StepParams } from "../../../plans/index.ts";
import { Run } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";
import { actProblems, stepPath } from "./problems.ts";

export const rehearseStepRoute = defineRoute({
  method: "POST",
  url: "/v1/plans/:plan_id/revisions/:revision/steps/:step/rehearse",
  access: ["executor"],
  audit: "run.started",
  summary: "Rehearse a step, or its rollback",
  description:
    "The whole act in one transaction that is rolled back (PLAN-3): no record is needed and none is burned. The run's " +
    "rehearsal shows the change, the evidence and the way back; its reference is what an M-1 record names.",
  tags: ["plans"],
  schema: { params: StepParams, body: RehearseInput, responses: { 200: Run, 202: Run }, problems: actProblems },
  async handle({ tx, caller, params, body, services }) {
    const run = await rehearseStep(tx, caller, services.runs, stepPath(params), body);
    return run.status === "succeeded" ? { status: 200, body: run } : { status: 202, body: run };
  },
  committed: (services) => services.runs.wake(),
});
