import { note } from "../progress/note.ts";
import { endAttempt, insertAttempt } from "../progress/store.ts";
import { updateRun } from "../store.ts";
import { stopAtBoundary } from "./conclude.ts";
import { type AnyState, type Claim, type Engine, HandedOver, nextState } from "./engine.ts";
import { asHolder } from "./holder.ts";

/** What follows at a state boundary. */
export type Next =
  | { readonly kind: "go"; readonly state: AnyState; readonly attempt: number }
  /** The run has been stopped, or is to be undone. */
  | { readonly kind: "halt"; readonly undo: boolean };

/** A state that is done, with what is to be kept of it. */
export interface Done {
  readonly state: string;
  readonly detail: unknown;
}

/**
 * The boundary between two states, in one transaction: the state that is done is on record, a stop request and the
 * deadline are looked at, and the next state begins (RUN-1, OPEN-3, OPEN-4).
 * @throws HandedOver where this process drains
 */
export async function advance(engine: Engine, claim: Claim, done?: Done): Promise<Next> {
  const next = await asHolder(engine, claim, async (tx, run): Promise<Next | undefined> => {
    let lastOk = run.last_ok_state;
    if (done !== undefined && lastOk !== done.state && run.status === "running") {
      lastOk = done.state;
      const { detail } = done;
      const attempt = await endAttempt(tx, run.idempotency_root, "forward", done.state, { status: "ok", detail });
      await updateRun(tx, run.idempotency_root, { last_ok_state: lastOk });
      await note(tx, claim.caller, run.idempotency_root, { event: "state_ok", state: done.state, attempt, detail });
    }
    if (run.status !== "running") return { kind: "halt", undo: true };
    if (claim.draining) return undefined;
    if (run.stop_running !== null || run.now.getTime() >= run.work_by.getTime()) {
      return { kind: "halt", undo: await stopAtBoundary(tx, claim, { ...run, last_ok_state: lastOk }) };
    }
    const state = nextState(claim.build, lastOk);
    if (state === undefined) throw new Error(`${claim.build.name} has no state after ${lastOk ?? "its start"}`);
    const attempt = await begin(tx, claim, state);
    return { kind: "go", state, attempt };
  });
  if (next === undefined) throw new HandedOver(`${claim.root} is handed over`);
  return next;
}

async function begin(tx: Parameters<typeof note>[0], claim: Claim, state: AnyState): Promise<number> {
  const { root } = claim;
  // An attempt that a dead process has left open is over.
  await endAttempt(tx, root, "forward", state.state, { status: "failed", error: interrupted });
  const attempt = await insertAttempt(tx, root, "forward", state.state, null);
  await updateRun(tx, root, { state: state.state });
  await note(tx, claim.caller, root, { event: "state_started", state: state.state, attempt });
  return attempt;
}

export const interrupted = { code: "INTERRUPTED", detail: "The process that worked on it ended." };

/** A transient fault of a state: on record, and the next attempt begins. @returns its number */
export async function retryState(
  engine: Engine,
  claim: Claim,
  what: { direction: "forward" | "undo"; state: string; compensation: string | null },
  fault: { code: string; detail: string },
  delayMs: number,
): Promise<number> {
  return asHolder(engine, claim, async (tx, run) => {
    const { direction, state, compensation } = what;
    const root = run.idempotency_root;
    const failed = await endAttempt(tx, root, direction, state, { status: "failed", error: fault });
    await note(tx, claim.caller, root, {
      event: "state_retried",
      state,
      attempt: failed,
      detail: { ...fault, delay_ms: delayMs, ...(direction === "undo" ? { compensation } : {}) },
    });
    return insertAttempt(tx, root, direction, state, compensation);
  });
}
