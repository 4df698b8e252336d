import { violatedConstraint } from "../database/index.ts";
import { problemClass } from "../kernel/problem.ts";

export const ApprovalProblem = problemClass("ApprovalProblem", {
  APR_CONFLICT: {
    kind: "conflict",
    title: "The code belongs to another request",
    remedy: "Use a new apr_code, or send the content that is stored under this one.",
  },
  APR_NOT_OPEN: {
    kind: "conflict",
    title: "The request can no longer be decided",
    remedy: "Post a new request: this one was rejected, withdrawn, executed, or its time to decide has passed.",
  },
  VOTE_DIGEST_STALE: {
    kind: "conflict",
    title: "The vote is on other content",
    remedy: "Read the request again and vote on the digest that it has.",
  },
  VOTE_CONFLICT: {
    kind: "conflict",
    title: "The caller has voted already",
    remedy: "Each person has one vote, and it stays as it was cast.",
  },
  SELF_APPROVAL: {
    kind: "forbidden",
    title: "Nobody decides on their own request",
    remedy: "Someone who is neither the requester nor the executor must vote.",
  },
  QUORUM_UNSATISFIABLE: {
    kind: "unprocessable",
    title: "The quorum could never be reached",
    remedy: "Lower the quorum, or first give more people the role approver or council.",
  },
  ACTION_TYPE_RETIRED: {
    kind: "conflict",
    title: "The action type is retired",
    remedy: "A retired type stays as it is; register a new action code.",
  },
});

/** What to throw for an error of a write: the triggers look at the clock once more, and time may have run out meanwhile. */
export function overtaken(aprCode: string, error: unknown): unknown {
  const late = ["request_not_open", "decided_in_time"].includes(violatedConstraint(error) ?? "");
  return late ? new ApprovalProblem("APR_NOT_OPEN", `${aprCode} is expired.`, { cause: error }) : error;
}
