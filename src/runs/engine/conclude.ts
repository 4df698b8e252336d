import type { Tx } from "../../database/index.ts";
import type { Problem } from "../../kernel/problem.ts";
import { yieldLease } from "../../leases/index.ts";
import { grantAuthority } from "../authority.ts";
import { note } from "../progress/note.ts";
import { endAttempt } from "../progress/store.ts";
import type { RunError } from "../schemas.ts";
import { stopRequested } from "../states.ts";
import { type RunRow, type Undo, updateRun } from "../store.ts";
import { type AnyState, type Claim, type Engine, undoPlanOf } from "./engine.ts";
import { asHolder } from "./holder.ts";

export function errorOf(problem: Problem): RunError {
  return { code: problem.code, detail: problem.message };
}

export interface Ending {
  readonly status: "succeeded" | "stopped";
  readonly stopState?: string;
  readonly error?: RunError | undefined;
  readonly outcome?: Readonly<Record<string, unknown>>;
}

/**
 * Ends the run: outcome to what authorized it, lease given back, on every path (RUN-4, S7).
 * @param tx a transaction of the run's holder
 */
export async function finish(tx: Tx, claim: Claim, run: RunRow, ending: Ending): Promise<void> {
  const { status, stopState = null, error, outcome = {} } = ending;
  const kept = { ...outcome, ...(error === undefined ? {} : { error }) };
  // First, since a finished run changes in nothing any more.
  await note(tx, claim.caller, run.idempotency_root, {
    event: status === "succeeded" ? "run_succeeded" : "run_stopped",
    state: run.state,
    detail: { ...(stopState === null ? {} : { stop_state: stopState }), ...kept },
  });
  await updateRun(tx, run.idempotency_root, {
    status,
    stop_state: stopState,
    outcome: kept,
    finished: true,
    ...(error === undefined ? {} : { error }),
  });
  if (claim.fence !== undefined) await yieldLease(tx, claim.caller, claim.fence);
  if (run.reserved) {
    await (claim.build.authority ?? grantAuthority).ended(tx, claim.caller, run, {
      idempotency_root: run.idempotency_root,
      status,
      stop_state: stopState,
      last_ok_state: run.last_ok_state,
      ...kept,
    });
  }
}

/** From here on the run is undone and does not advance. */
export async function beginUndo(
  tx: Tx,
  run: RunRow,
  to: { stopState: string; plan: readonly Undo[]; error?: RunError },
): Promise<void> {
  await updateRun(tx, run.idempotency_root, {
    status: "compensating",
    stop_state: to.stopState,
    undo_plan: to.plan,
    ...(to.error === undefined ? {} : { error: to.error }),
  });
}

/**
 * A state has failed for good: the run stops there, once what the state names has undone it (RUN-3).
 * @returns whether there is something to undo
 */
export async function failState(engine: Engine, claim: Claim, state: AnyState, problem: Problem): Promise<boolean> {
  const error = errorOf(problem);
  return asHolder(engine, claim, async (tx, run) => {
    if (run.status !== "running") return true;
    const attempt = await endAttempt(tx, run.idempotency_root, "forward", state.state, { status: "failed", error });
    await note(tx, claim.caller, run.idempotency_root, {
      event: "state_failed",
      state: state.state,
      attempt,
      detail: error,
    });
    const undoable = state.kind === "write" && run.mode === "commit" && !neverThere(run, problem);
    if (!undoable) {
      await finish(tx, claim, run, { status: "stopped", stopState: state.compensation, error });
      return false;
    }
    const plan = [{ state: state.state, compensation: state.compensation }];
    await beginUndo(tx, run, { stopState: state.compensation, plan, error });
    return true;
  });
}

/** The target let the run in at no point: there is nothing of it there, and nothing may be written for it. */
function neverThere(run: RunRow, problem: Problem): boolean {
  const shut = problem.code === "TARGET_KNOWS_GRANT" || problem.code === "FENCED_OUT";
  return shut && run.last_ok_state === "S1";
}

/**
 * What a stop request or the deadline brings at a state boundary (OPEN-3, OPEN-4): undone completed states, or nothing.
 * @returns whether there is something to undo
 */
export async function stopAtBoundary(tx: Tx, claim: Claim, run: RunRow): Promise<boolean> {
  const overdue = run.stop_running === null;
  const error: RunError | undefined = overdue
    ? { code: "RUN_OVERDUE", detail: `The run was to be done by ${run.work_by.toISOString()}.` }
    : undefined;
  const plan = run.mode === "commit" && run.stop_running !== "stop" ? undoPlanOf(claim.build, run.last_ok_state) : [];
  const stopState = plan[0]?.compensation ?? stopRequested;
  if (plan.length === 0) {
    await finish(tx, claim, run, { status: "stopped", stopState, error });
    return false;
  }
  await beginUndo(tx, run, { stopState, plan, ...(error === undefined ? {} : { error }) });
  return true;
}
