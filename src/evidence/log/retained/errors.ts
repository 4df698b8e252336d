import { problemClass } from "../../../kernel/problem.ts";

export const RetentionProblem = problemClass("RetentionProblem", {
  MONTH_NOT_OVER: {
    kind: "invalid",
    title: "That month is not over",
    remedy: "Name the present month or an earlier one: what lies before it is exported.",
  },
  NOT_SEALED: {
    kind: "conflict",
    title: "Not all of the month is in the signed log",
    remedy: "Nothing was detached. Let a service seal what is there, and run it again.",
  },
  EXPORT_CONTRADICTED: {
    kind: "conflict",
    title: "The events of the month are not what was signed",
    remedy: "Nothing was detached. Somebody has changed events or tiles; run `countersign audit verify` on an export.",
  },
  FILE_IN_THE_WAY: {
    kind: "conflict",
    title: "A file of that name is there that is not of this log",
    remedy: "Nothing was detached. Name another directory.",
  },
  FILE_LOST: {
    kind: "conflict",
    title: "The file that was exported is not there as it was written",
    remedy: "Nothing was dropped. Put the file back that the record names, then run it again.",
  },
});
