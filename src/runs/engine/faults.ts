import { setTimeout as pause } from "node:timers/promises";
import { isDatabaseError, sqlState, violatedConstraint } from "../../database/index.ts";
import { Problem } from "../../kernel/problem.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { AnyBuild } from "../build.ts";
import { RunProblem } from "../errors.ts";
import { type Claim, ClaimLost, HandedOver } from "./engine.ts";

/** Whether the same thing may go well a little later: refusals are not retried. */
export function isTransient(problem: Problem): boolean {
  return problem.definition.kind === "unavailable";
}

const because: Readonly<Record<string, string>> = {
  "53100": "its disk is full",
  "53200": "it has no memory left",
  "53300": "it has no connection left",
  "55P03": "a lock was not to be had in time",
  "57014": "a statement took too long",
};

/**
 * What went wrong in a target, as a problem that may be shown: no SQL and no values of others in it.
 * @param error whatever a state's transaction threw
 */
export function targetProblem(error: unknown, database: string, build: AnyBuild): Problem {
  if (error instanceof ClaimLost || error instanceof HandedOver) throw error;
  // What a domain has named keeps its name, whatever the database has said to it.
  if (error instanceof Problem && !(error instanceof ServiceProblem)) return error;
  const cause = error instanceof Problem ? error.cause : error;
  const state = sqlState(cause);
  if (state === "25006") {
    return new RunProblem("TARGET_READ_ONLY", `The target database ${database} does not take writes.`, {
      cause: error,
    });
  }
  if (error instanceof Problem) {
    // What only the database has said is told of the target.
    if (!isTransient(error)) return error;
    const why = because[state ?? ""] ?? "the connection was lost, or the commit was not confirmed";
    return new RunProblem("TARGET_UNAVAILABLE", `The target database ${database} did not finish: ${why}.`, {
      cause: error,
    });
  }
  const constraint = violatedConstraint(error);
  const known = constraint === undefined ? undefined : build.explain(constraint, messageOf(error));
  if (known !== undefined) return known;
  const detail = isDatabaseError(error)
    ? `The target database ${database} refused with ${state}${constraint === undefined ? "" : ` (${constraint})`}.`
    : "The state failed; the log of the service has the rest.";
  return new RunProblem("STATE_FAILED", detail, { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Milliseconds before the next attempt: twice as long each time, with full jitter. */
export function backoff(attempt: number): number {
  return Math.round(Math.random() * Math.min(5_000, 50 * 2 ** attempt));
}

/** Waits, or throws at once when the claim is over. @throws ClaimLost */
export async function wait(claim: Claim, milliseconds: number): Promise<void> {
  try {
    await pause(milliseconds, undefined, { signal: claim.over.signal });
  } catch {
    throw new ClaimLost(`the claim on ${claim.root} is over`);
  }
}
