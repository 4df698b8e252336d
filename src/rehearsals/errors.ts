import { problemClass } from "../kernel/problem.ts";

export const RehearsalProblem = problemClass("RehearsalProblem", {
  REHEARSAL_STALE: {
    kind: "conflict",
    title: "The rehearsal does not stand any more",
    remedy:
      "The target is not what it was when the change was rehearsed. Rehearse again, and have what that shows approved.",
  },
  REHEARSAL_UNSEEN: {
    kind: "unavailable",
    title: "The target could not be looked at",
    remedy:
      "Nothing was changed. Whether the rehearsal still stands can be said once the target database answers; send the same request again.",
  },
});
