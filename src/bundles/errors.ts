import { problemClass } from "../kernel/problem.ts";

export const BundleProblem = problemClass("BundleProblem", {
  EVIDENCE_NOT_SEALED: {
    kind: "conflict",
    title: "The log does not reach so far yet",
    remedy:
      "An event of it is not in a signed head yet, or not enough witnesses have signed one. Ask again in a few seconds; the doctor says if the log stands still.",
  },
  EVIDENCE_INCOMPLETE: {
    kind: "conflict",
    title: "Events of it are not in the database any more",
    remedy:
      "If their month was exported and detached, take the evidence that was kept from before, or the events from the file of the month: `GET /v1/audit/proofs/inclusion` names it. If it was not, somebody has deleted them, and the doctor says LOG_FAULT.",
  },
});
