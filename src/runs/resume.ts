import type { Tx } from "../database/index.ts";
import { refuseWhileHeld } from "../holds/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { RunProblem } from "./errors.ts";
import type { Builds } from "./input.ts";
import { isParked } from "./park.ts";
import { note } from "./progress/note.ts";
import { rollBackAttempts } from "./progress/store.ts";
import { presentRun } from "./read.ts";
import type { Run } from "./schemas.ts";
import { untouchedStops } from "./states.ts";
import { lockRun, passHoldGate, type RunRow, updateRun } from "./store.ts";

/**
 * Goes on with a run: one that is under way is looked at at once, one that stopped with nothing burned begins again at its
 * first state. One that has succeeded is answered as it is.
 * @throws RunProblem RUN_STOPPED; ServiceProblem NOT_FOUND, FORBIDDEN for another than its executor (GRANT-7)
 */
export async function resumeRun(tx: Tx, caller: Caller, builds: Builds, root: string): Promise<Run> {
  const run = await lockRun(tx, root);
  if (run === undefined) throw new ServiceProblem("NOT_FOUND", `There is no run ${root}.`);
  if (run.executor !== caller.principal) {
    throw new ServiceProblem("FORBIDDEN", `${root} is a run of ${run.executor}, and only they go on with it.`);
  }
  return resumeLocked(tx, caller, builds, run);
}

/** @param run as it was locked in this transaction */
export async function resumeLocked(
  tx: Tx,
  caller: Caller,
  builds: Builds,
  run: RunRow,
  workSeconds?: number,
): Promise<Run> {
  const root = run.idempotency_root;
  if (run.status === "stopped") {
    if (run.reserved || !untouchedStops.includes(run.stop_state ?? "")) {
      throw new RunProblem(
        "RUN_STOPPED",
        `${root} stopped in ${run.stop_state}${run.error === null ? "" : `: ${run.error.detail}`}`,
        {
          members: { stop_state: run.stop_state, error: run.error },
        },
      );
    }
    await passHoldGate(tx);
    await refuseWhileHeld(tx, run.environment);
    const worked = Math.ceil((run.work_by.getTime() - run.created_at.getTime()) / 1_000);
    // It begins again at its first state: what was found there counts no more.
    await rollBackAttempts(tx, root, builds.get(run.build)?.states.map((one) => one.state) ?? []);
    await updateRun(tx, root, {
      status: "running",
      stop_state: null,
      error: null,
      outcome: null,
      last_ok_state: null,
      finished: false,
      claimSeconds: 0,
      workSeconds: workSeconds ?? Math.min(86_400, worked),
    });
    await note(tx, caller, root, { event: "run_resumed", state: run.state });
  } else if (run.status === "indeterminate" || (run.status !== "succeeded" && isParked(run))) {
    // Left alone; whoever resumes it wants it looked at now. What was parked goes forward only when nothing is held any more.
    if (run.status === "running") {
      await passHoldGate(tx);
      await refuseWhileHeld(tx, run.environment);
    }
    await updateRun(tx, root, { claimSeconds: 0 });
    await note(tx, caller, root, { event: "run_resumed", state: run.state });
  }
  return presentRun(tx, builds, root);
}
