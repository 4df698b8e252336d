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
    "How long a request may be expected to wait for those under way before it, past the first 64; more are answered 503. 0 never.",
    "10",
    integer(10, 0, 60_000),
  ),
};
