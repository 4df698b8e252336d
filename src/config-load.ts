import { integer, type Variable, variable } from "./config-readers.ts";

/** How much this process takes on at once. */
export interface LoadConfig {
  readonly maxInFlight: number;
  readonly maxQueueMs: number;
}

export const loadVariables: { readonly [Key in keyof LoadConfig]: Variable<LoadConfig[Key]> } = {
  maxInFlight: variable(
    "MAX_IN_FLIGHT",
    "Requests that may be under way at once; more are answered 503. Holds and revocations have 64 beside it.",
    "1000",
    integer(1_000, 64, 100_000),
  ),
  maxQueueMs: variable(
    "MAX_QUEUE_MS",
    "How long requests may go on waiting for those under way before them, past the first 64; then as many are let in as wait half of it, and more are answered 503. 0 never.",
    "50",
    integer(50, 0, 60_000),
  ),
};
