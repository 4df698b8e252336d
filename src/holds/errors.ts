import { problemClass } from "../kernel/problem.ts";

export const HoldProblem = problemClass("HoldProblem", {
  REGISTRATION_HOLD: {
    kind: "conflict",
    title: "An emergency stop is on",
    remedy:
      "Nothing was changed and the grant is untouched. Ask whoever placed the hold; once it is lifted, send the same request again.",
  },
  HOLD_AWAITS_RECOVERY: {
    kind: "conflict",
    title: "The database was restored and not recovered yet",
    remedy: "Run `countersign recover`, read its report, and lift the hold then.",
  },
});
