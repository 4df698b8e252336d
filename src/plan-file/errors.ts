import { problemClass } from "../kernel/problem.ts";

export const PlanFileProblem = problemClass("PlanFileProblem", {
  PLAN_INVALID: {
    kind: "invalid",
    title: "The plan file is not valid",
    remedy:
      "Put right what the faults name, each with its place in the file; `countersign plan lint` finds them off-line.",
  },
});
export type PlanFileCode = keyof typeof PlanFileProblem.table;
