import { problemClass } from "../kernel/problem.ts";

export const RecoveryProblem = problemClass("RecoveryProblem", {
  NOTHING_RESTORED: {
    kind: "conflict",
    title: "This database was not restored, as far as it can tell",
    remedy:
      "Nothing was changed. A copy of the volume that was put back leaves no trace: if that is what was done, say so with --restored.",
  },
  UNKNOWN_TARGET: {
    kind: "invalid",
    title: "There is no target of that name",
    remedy: "Name a target of TARGETS.",
  },
});
