import { type Tx, violatedConstraint } from "../database/index.ts";
import { peekGrant } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { LeaseProblem } from "../leases/index.ts";
import { isParked } from "./park.ts";
import { note } from "./progress/note.ts";
import { undoPlanOf } from "./engine/engine.ts";
import type { Builds } from "./input.ts";
import { isUnderWay, stopRequested } from "./states.ts";
import { findRunOfGrant, lockRun, type RunRow, setStopRequest, type Undo, updateRun } from "./store.ts";

/**
 * Asks the run of a used grant to stop at its next state boundary, or to be undone from there (OPEN-4). One that was only
 * stopped can still be undone: that authority outlives the grant (OPEN-2).
 * @returns whether there was such a run; the grant itself stays as it is
 */
export async function requestStop(
  tx: Tx,
  caller: Caller,
  builds: Builds,
  authCode: string,
  request: { readonly running: "stop" | "compensate"; readonly reason: string },
): Promise<boolean> {
  const found = await findRunOfGrant(tx, authCode);
  const run = found && (await lockRun(tx, found.idempotency_root));
  if (run === undefined) return false;
  if (isUnderWay(run.status)) {
    // The first word stands, but for a stop that becomes an undoing; what is being undone is undone anyway.
    if (run.status === "running" && run.stop_running !== request.running && run.stop_running !== "compensate") {
      await ask(tx, caller, run, request);
    }
    return true;
  }
  return request.running === "compensate" && (await undoStopped(tx, caller, builds, run, request));
}

async function ask(
  tx: Tx,
  caller: Caller,
  run: RunRow,
  request: { readonly running: "stop" | "compensate"; readonly reason: string },
): Promise<void> {
  await setStopRequest(tx, run.idempotency_root, { ...request, by: caller.principal });
  if (isParked(run)) await updateRun(tx, run.idempotency_root, { claimSeconds: 0 });
  await note(tx, caller, run.idempotency_root, {
    event: "stop_requested",
    state: run.state,
    detail: { ...request, by: caller.principal },
  });
}

async function undoStopped(
  tx: Tx,
  caller: Caller,
  builds: Builds,
  run: RunRow,
  request: { readonly running: "stop" | "compensate"; readonly reason: string },
): Promise<boolean> {
  const build = builds.get(run.build);
  const plan = build === undefined || run.mode !== "commit" ? [] : undoPlanOf(build, run.last_ok_state);
  const [first] = plan;
  if (run.stop_state !== stopRequested || first === undefined) return false;
  await tx
    .savepoint(() => beginAgain(tx, run, first.compensation, plan))
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== "one_run_per_lease") throw error;
      throw new LeaseProblem("LEASE_HELD", `Another run is under way under ${run.lease_name}.`, {
        retryAfterSeconds: 30,
      });
    });
  await ask(tx, caller, run, request);
  return true;
}

function beginAgain(tx: Tx, run: RunRow, stopState: string, plan: readonly Undo[]): Promise<void> {
  return updateRun(tx, run.idempotency_root, {
    status: "compensating",
    stop_state: stopState,
    undo_plan: plan,
    finished: false,
    claimSeconds: 0,
  });
}

/** Whether the grant is used, and by a run: what a revocation of it then means is the run's affair. */
export async function isOfRun(tx: Tx, authCode: string): Promise<boolean> {
  const grant = await peekGrant(tx, authCode);
  return grant?.status === "consumed" && (await findRunOfGrant(tx, authCode)) !== undefined;
}
