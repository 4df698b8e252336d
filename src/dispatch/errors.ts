import { problemClass } from "../kernel/problem.ts";

export const DispatchProblem = problemClass("DispatchProblem", {
  SYNC_SIGNATURE_INVALID: {
    kind: "unauthenticated",
    title: "The dispatcher's signature is not valid",
    remedy:
      "Sign `id.timestamp.body` afresh with SYNC_SECRET, in the Standard Webhooks form, for the request of the path.",
  },
  EXECUTION_SKIPPED: {
    kind: "conflict",
    title: "The handler skipped the request",
    remedy: "`result` says why. Nothing was minted.",
  },
  EXECUTION_FAILED: {
    kind: "unprocessable",
    title: "The handler refused the request",
    remedy: "`result` names the gate that refused it. Nothing was minted; post a corrected request.",
  },
});
