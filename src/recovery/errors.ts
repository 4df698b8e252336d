import { problemClass } from "../kernel/problem.ts";

export const RecoveryProblem = problemClass("RecoveryProblem", {
  NOTHING_RESTORED: {
    kind: "conflict",
    title: "This database was not restored, as far as it can tell",
    remedy:
      "Nothing was changed. A copy of the volume that was put back leaves no trace: if that is what was done, say so with --restored.",
  },
  SOMETHING_LOST: {
    kind: "conflict",
    title: "A target knows of what this database does not",
    remedy: "Nothing was changed, and the hold stands. Run the recovery without --nothing-lost.",
  },
  UNKNOWN_TARGET: {
    kind: "invalid",
    title: "There is no target of that name",
    remedy: "Name a target of TARGETS.",
  },
});
