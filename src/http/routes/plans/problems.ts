import { PlanProblem, type StepPath } from "../../../plans/index.ts";

/** What an act on a step may be refused with. */
export const actProblems = [
  "NOT_FOUND",
  "FORBIDDEN",
  "REGISTRATION_HOLD",
  "RUN_CONFLICT",
  "RUN_STOPPED",
  ...Object.keys(PlanProblem.table).filter((code) => code !== "PLAN_CONFLICT"),
];

/** The step that a path names. */
export function stepPath(params: { plan_id: string; revision: string; step: string }): StepPath {
  return { ...params, step: Number(params.step) };
}
