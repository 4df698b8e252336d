import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { note } from "./progress/note.ts";
import { lockUnfinishedRuns, parkRun, type RunRow, updateRun } from "./store.ts";

/** Stands in the place of the worker: no process takes such a run up by itself. */
const parked = "service:recover";

/**
 * Leaves every run that is not finished to a person: whoever works on it loses it, and nobody takes it up again until its
 * executor resumes it or an operator has it stopped or undone (OPEN-4). After a restore it may have ended long ago.
 * @returns their roots, also of those that were left so before
 */
export async function parkRuns(tx: Tx, caller: Caller, reason: string): Promise<string[]> {
  const runs = await lockUnfinishedRuns(tx);
  for (const run of runs.filter((one) => !isParked(one))) {
    await parkRun(tx, run.idempotency_root, parked);
    await note(tx, caller, run.idempotency_root, { event: "run_parked", state: run.state, detail: { reason } });
  }
  return runs.map((run) => run.idempotency_root);
}

/** Gives the runs that are parked to whoever looks for work. */
export async function releaseParkedRuns(tx: Tx, caller: Caller, reason: string): Promise<void> {
  for (const run of (await lockUnfinishedRuns(tx)).filter(isParked)) {
    await updateRun(tx, run.idempotency_root, { claimSeconds: 0 });
    await note(tx, caller, run.idempotency_root, { event: "run_resumed", state: run.state, detail: { reason } });
  }
}

export function isParked(run: Pick<RunRow, "worker">): boolean {
  return run.worker === parked;
}
