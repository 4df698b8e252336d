import type { Problem } from "../../kernel/problem.ts";
import { retryState } from "./advance.ts";
import { errorOf } from "./conclude.ts";
import { type Claim, type Engine, HandedOver } from "./engine.ts";
import { backoff, isTransient, targetProblem, wait } from "./faults.ts";

/** How a piece of work in the target has ended. */
export type Attempted<T> = { readonly ok: T } | { readonly refused: Problem };

/**
 * Does a piece of work in the target, again after a transient fault, within a bounded time; a refusal is not retried.
 * @param first the number of the attempt that has begun
 * @param work gets the number of the attempt, and whether an earlier one may have been committed without an answer
 * @throws ClaimLost, HandedOver
 */
export async function attempts<T>(
  engine: Engine,
  claim: Claim,
  what: { direction: "forward" | "undo"; state: string; compensation: string | null },
  first: number,
  work: (attempt: number, again: boolean) => Promise<T>,
): Promise<Attempted<T>> {
  const began = performance.now();
  let attempt = first;
  for (let tried = 1; ; tried += 1) {
    try {
      return { ok: await work(attempt, tried > 1) };
    } catch (error) {
      const problem = targetProblem(error, claim.run.database, claim.build);
      engine.log("a state met a fault", {
        root: claim.root,
        state: what.state,
        attempt,
        code: problem.code,
        err: error,
      });
      const patient = performance.now() - began < engine.retrySeconds * 1_000;
      if (!isTransient(problem) || !patient) return { refused: problem };
      const delay = backoff(tried);
      attempt = await retryState(engine, claim, what, errorOf(problem), delay);
      // Who drains does not stay for it: another process tries again.
      if (claim.draining) throw new HandedOver(`${claim.root} is handed over`);
      await wait(claim, delay);
    }
  }
}
