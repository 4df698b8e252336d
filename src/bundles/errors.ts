import { problemClass } from "../kernel/problem.ts";

export const BundleProblem = problemClass("BundleProblem", {
  EVIDENCE_NOT_SEALED: {
    kind: "conflict",
    title: "The log does not reach so far yet",
    remedy:
      "An event of it is not in a signed head yet, or not enough witnesses have signed one. Ask again in a few seconds; the doctor says if the log stands still.",
  },
});
