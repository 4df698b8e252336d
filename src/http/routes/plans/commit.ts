import { CommitInput, commitRecordStep, commitStep, isRecordStep, StepAct, StepParams } from "../../../plans/index.ts";
import { defineRoute } from "../../route.ts";
import { actProblems, stepPath } from "./problems.ts";

export const commitStepRoute = defineRoute({
  method: "POST",
  url: "/v1/plans/:plan_id/revisions/:revision/steps/:step/commit",
  access: ["executor"],
  audit: "run.started",
  summary: "Commit a step under its own record",
  description:
    "One step, one commit, one record (PLAN-2). 202 with the run that does it; a step of kind `record` is done at once and " +
    "answers 200 with its line in the ledger.",
  tags: ["plans"],
  schema: { params: StepParams, body: CommitInput, responses: { 200: StepAct, 202: StepAct }, problems: actProblems },
  async handle({ tx, caller, params, body, services }) {
    const path = stepPath(params);
    if (await isRecordStep(tx, path)) {
      return { status: 200, body: { run: null, line: await commitRecordStep(tx, caller, path, body) } };
    }
    const run = await commitStep(tx, caller, services.runs, path, body);
    return { status: run.status === "succeeded" ? 200 : 202, body: { run, line: null } };
  },
  committed: (services) => services.runs.wake(),
});
