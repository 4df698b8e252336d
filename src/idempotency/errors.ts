import { problemClass } from "../kernel/problem.ts";

export const IdempotencyProblem = problemClass("IdempotencyProblem", {
  IDEMPOTENCY_KEY_REUSED: {
    kind: "unprocessable",
    title: "The idempotency key was used with another body",
    remedy: "Use a new `Idempotency-Key` for a new request, or send the first body again to get its answer.",
  },
  IDEMPOTENCY_IN_PROGRESS: {
    kind: "conflict",
    title: "A request with this idempotency key is still running",
    remedy: "Wait for `retry-after` seconds and send the same request again: it answers what the first one answered.",
  },
});
export type IdempotencyProblem = InstanceType<typeof IdempotencyProblem>;
