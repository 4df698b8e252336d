import { digestOf } from "../kernel/json.ts";
import type { Plan } from "../plan-file/index.ts";

/** The digest of each step, by its number: what a line of the ledger says was done. */
export function stepDigestsOf(plan: Plan): ReadonlyMap<number, string> {
  return new Map(plan.steps.map((step) => [step.step, digestOf(step)]));
}
