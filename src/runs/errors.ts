import { problemClass } from "../kernel/problem.ts";

export const RunProblem = problemClass("RunProblem", {
  RUN_CONFLICT: {
    kind: "conflict",
    title: "The idempotency root stands for another run",
    remedy: "Send the run exactly as it was first sent, or choose another idempotency_root.",
  },
  RUN_STOPPED: {
    kind: "conflict",
    title: "The run has stopped for good",
    remedy: "Its grant is used. Look at stop_state and error, then have the change approved again and start a new run.",
  },
  RUN_NOT_FINISHED: {
    kind: "conflict",
    title: "The run has not finished",
    remedy: "Only a finished run is rolled back; stop or compensate one that is under way by revoking its grant.",
  },
  RUN_INPUT_MISMATCH: {
    kind: "unprocessable",
    title: "The input is not what was approved",
    remedy:
      "Its digest differs from the bindings. Send the input that was approved; POST /v1/builds/{build}/digests computes digests.",
  },
  RUN_OVERDUE: {
    kind: "conflict",
    title: "The run's time to work is over",
    remedy: "It was undone as its stop_state says. Have the change approved again and start a run with more time.",
  },
  TARGET_UNAVAILABLE: {
    kind: "unavailable",
    title: "The target database cannot be reached or does not answer in time",
    remedy:
      "Look at the target database. A run goes on by itself, or stops in a named state; the same request may be sent again.",
  },
  TARGET_READ_ONLY: {
    kind: "conflict",
    title: "The target database does not take writes",
    remedy: "Point TARGETS at the primary, or make it writable, then resume the run.",
  },
  TARGET_MOVED: {
    kind: "conflict",
    title: "Somebody else changed what the build had left in the target",
    remedy: "The run was stopped. Find out who wrote there, then have the change approved again.",
  },
  TARGET_KNOWS_GRANT: {
    kind: "conflict",
    title: "The target has seen this grant used by another run",
    remedy:
      "A grant is good for one run, also after the control database was restored. Have the change approved again.",
  },
  STATE_FAILED: {
    kind: "conflict",
    title: "A state of the run was refused by the target",
    remedy: "The detail says what was refused; the run was undone as its stop_state says.",
  },
  SCHEMA_DIGEST_MISMATCH: {
    kind: "conflict",
    title: "The schema in the target is not the approved one",
    remedy: "Compare the target's catalog with the build's; have what is there now approved, or put it right.",
  },
  MANIFEST_DIGEST_MISMATCH: {
    kind: "conflict",
    title: "The values in the target are not the approved ones",
    remedy:
      "Other active values are in the collection: roll them back first, or have a manifest approved that has them.",
  },
  "RBP-1": {
    kind: "unprocessable",
    title: "A rollback step names no version",
    remedy: "Name operation_code and protocol_version: never a code alone.",
  },
  "RBP-2": {
    kind: "unprocessable",
    title: "A rollback step would delete",
    remedy: "Retire, supersede or restore; nothing is deleted.",
  },
  "RBP-7": {
    kind: "unprocessable",
    title: "A supersession has no successor",
    remedy: "Name a successor that is in the collection, by operation_code and protocol_version.",
  },
  "RBP-8": {
    kind: "unprocessable",
    title: "The successor cannot take over",
    remedy: "A successor is another version that is active.",
  },
  "RBP-9": {
    kind: "unprocessable",
    title: "A rollback step names no rollback_ref",
    remedy: "Name the approved rollback plan: the step and its record are written together.",
  },
  "RBP-10": {
    kind: "unprocessable",
    title: "A rollback step leaves the C1 collection",
    remedy: "Only values of the build's own collection are rolled back.",
  },
});
export type RunCode = keyof typeof RunProblem.table;
