import { note } from "../progress/note.ts";
import { endAttempt, insertAttempt } from "../progress/store.ts";
import { type RunRow, type Undo, updateRun } from "../store.ts";
import { interrupted } from "./advance.ts";
import { errorOf, finish } from "./conclude.ts";
import { type Claim, type Engine, HandedOver, stateOf } from "./engine.ts";
import { asHolder } from "./holder.ts";
import { undoState } from "./write-state.ts";

/** How long a run whose target cannot be asked is left alone. */
const putOffSeconds = 15;

/**
 * Undoes what the run's plan says, the latest state first, and stops it. This authority outlives the grant (OPEN-2). What
 * cannot be undone now, because the target does not answer, leaves the run indeterminate: it is taken up again later.
 */
export async function compensate(engine: Engine, claim: Claim): Promise<void> {
  for (let next = await beginNext(engine, claim); next !== undefined; next = await beginNext(engine, claim)) {
    const state = stateOf(claim.build, next.undo.state);
    if (state.kind !== "write") throw new Error(`${state.state} of ${claim.build.name} cannot be undone`);
    const undone = await undoState(engine, claim, state, next.attempt);
    const { undo } = next;
    if ("refused" in undone) {
      const error = errorOf(undone.refused);
      await asHolder(engine, claim, async (tx, run) => {
        const attempt = await endAttempt(tx, run.idempotency_root, "undo", undo.state, { status: "failed", error });
        await updateRun(tx, run.idempotency_root, { status: "indeterminate", claimSeconds: putOffSeconds });
        await note(tx, claim.caller, run.idempotency_root, {
          event: "compensation_failed",
          state: undo.state,
          attempt,
          detail: { ...error, compensation: undo.compensation },
        });
        await note(tx, claim.caller, run.idempotency_root, {
          event: "run_indeterminate",
          state: undo.state,
          detail: error,
        });
      });
      return;
    }
    await asHolder(engine, claim, async (tx, run) => {
      const plan = (run.undo_plan ?? []).filter((one) => one.state !== undo.state);
      if (plan.length === run.undo_plan?.length) return;
      const detail = undone.ok;
      const attempt = await endAttempt(tx, run.idempotency_root, "undo", undo.state, { status: "ok", detail });
      await updateRun(tx, run.idempotency_root, { undo_plan: plan });
      await note(tx, claim.caller, run.idempotency_root, {
        event: "compensation_ok",
        state: undo.state,
        attempt,
        detail: { compensation: undo.compensation, detail },
      });
    });
  }
}

/** Begins the next undoing; undefined once there is none left and the run has stopped. */
async function beginNext(engine: Engine, claim: Claim): Promise<{ undo: Undo; attempt: number } | undefined> {
  return asHolder(engine, claim, async (tx, run) => {
    if (claim.draining) throw new HandedOver(`${run.idempotency_root} is handed over`);
    const root = run.idempotency_root;
    if (run.status === "indeterminate") await updateRun(tx, root, { status: "compensating" });
    const undo = run.undo_plan?.[0];
    if (undo === undefined) {
      await finish(tx, claim, run, ending(run));
      return undefined;
    }
    await endAttempt(tx, root, "undo", undo.state, { status: "failed", error: interrupted });
    const attempt = await insertAttempt(tx, root, "undo", undo.state, undo.compensation);
    await note(tx, claim.caller, root, {
      event: "compensation_started",
      state: undo.state,
      attempt,
      detail: { compensation: undo.compensation },
    });
    return { undo, attempt };
  });
}

function ending(run: RunRow): Parameters<typeof finish>[3] {
  return {
    status: "stopped",
    ...(run.stop_state === null ? {} : { stopState: run.stop_state }),
    ...(run.error === null ? {} : { error: run.error }),
  };
}
