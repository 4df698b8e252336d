import { problemClass } from "../kernel/problem.ts";

/** Why a plan, a record or a step is refused. */
export const PlanProblem = problemClass("PlanProblem", {
  PLAN_CONFLICT: {
    kind: "conflict",
    title: "The revision is registered with other content",
    remedy: "A registered revision never changes. Give the changed plan a revision of its own.",
  },
  STEP_NEEDS_RECORD: {
    kind: "conflict",
    title: "A record is missing",
    remedy:
      "Without its records a step can only be rehearsed. Have the records that the detail names made, and commit under them.",
  },
  STEP_OUT_OF_ORDER: {
    kind: "conflict",
    title: "Another step comes first",
    remedy: "Commit the steps that the detail names, or settle the one that has stopped the plan.",
  },
  STEP_ALREADY_COMMITTED: {
    kind: "conflict",
    title: "The step is committed",
    remedy: "Nothing is to be done. To do it again, roll it back first.",
  },
  STEP_RETIRED: {
    kind: "conflict",
    title: "The step was retired",
    remedy: "Its rows stay, and it is not committed a second time. A further change is a further step.",
  },
  STEP_NOT_COMMITTED: {
    kind: "conflict",
    title: "The step is not committed",
    remedy: "Only a committed step can be rolled back.",
  },
  STEP_STILL_NEEDED: {
    kind: "conflict",
    title: "Later steps stand on this one",
    remedy: "Roll the later steps back first.",
  },
  STEP_CHANGED: {
    kind: "conflict",
    title: "The step was committed with other content",
    remedy: "Another revision has committed this step. Roll that back under its own revision first.",
  },
  RECORD_MISMATCH: {
    kind: "conflict",
    title: "The record is for something else",
    remedy:
      "A record authorizes exactly one act on one step of one revision, with the digest and the rehearsal that it names.",
  },
  RECORD_USED: {
    kind: "conflict",
    title: "The record was used",
    remedy: "A record is used once. Have another one made.",
  },
  RECORD_EXPIRED: {
    kind: "conflict",
    title: "The record has expired",
    remedy: "Have another one made.",
  },
  RECORD_REVOKED: {
    kind: "conflict",
    title: "The record was revoked",
    remedy: "The detail says who revoked it and why. Have another one made if that no longer stands.",
  },
  RECORD_UNSIGNED: {
    kind: "conflict",
    title: "The record is not signed",
    remedy: "The step demands a sovereign's signature: GET its signing-payload, sign it, and POST it to esign.",
  },
  REHEARSAL_NEEDED: {
    kind: "conflict",
    title: "No passed rehearsal is named",
    remedy: "Rehearse the step, and name the reference of the rehearsal that passed.",
  },
  NOTHING_TO_DO: {
    kind: "conflict",
    title: "The step has nothing of that kind to do",
    remedy: "A step of kind `record` is not rehearsed, and only steps of kind `sql` are rolled back.",
  },
  DOCUMENTS_MISSING: {
    kind: "invalid",
    title: "The documents are not those of the step",
    remedy: "Hand in one digest for each document that the step names, and no other.",
  },
  DRIFT: {
    kind: "conflict",
    title: "The target is not what was rehearsed",
    remedy: "Somebody changed the target since the rehearsal. Rehearse again, and have what that shows approved.",
  },
  STOP_CONDITION: {
    kind: "conflict",
    title: "A stop condition holds",
    remedy: "The plan says not to go on while this is so. Settle it, then try again.",
  },
  OUTSIDE_ALLOWED: {
    kind: "conflict",
    title: "The step changes what it may not",
    remedy: "The transaction was rolled back. Mend the step, or what it allows, in a new revision.",
  },
  EVIDENCE_FAILED: {
    kind: "conflict",
    title: "The evidence is not as the plan says",
    remedy: "The detail names the evidence, what it should be and what it is.",
  },
  NEGATIVE_TEST_FAILED: {
    kind: "conflict",
    title: "The target accepts what it must refuse",
    remedy: "The detail names the negative test and what came of it.",
  },
  STEP_REFUSED: {
    kind: "conflict",
    title: "The target refused the step's SQL",
    remedy: "The transaction was rolled back. The detail has the statement and the SQLSTATE.",
  },
  STATEMENT_TIMEOUT: {
    kind: "conflict",
    title: "A statement of the step took too long",
    remedy:
      "The transaction was rolled back. Split the step, or make the statement faster: the limits only tighten (PLAN-4).",
  },
  LOCK_TIMEOUT: {
    kind: "unavailable",
    title: "A lock was not to be had in time",
    remedy:
      "The transaction was rolled back. Somebody else holds a lock of what the step touches; try again when they are done.",
  },
  BACKUP_FAILED: {
    kind: "conflict",
    title: "The backup could not be made",
    remedy: "Nothing was changed. Look at the directory of BACKUP_DIR and at the log of the service.",
  },
});
