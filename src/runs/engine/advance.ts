import type { Tx } from "../../database/index.ts";
import { note } from "../progress/note.ts";
import { endAttempt, insertAttempt, moveOn } from "../progress/store.ts";
import { type RunRow, updateRun } from "../store.ts";
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
  return (done && (await goOn(engine, claim, done))) ?? advanceAlone(engine, claim, done);
}

/**
 * The boundary of a run that simply goes on, together with those that other runs come to at the same time. Undefined where
 * it was not crossed so, or where nobody knows: the run's own transaction then finds out, as after any lost answer.
 */
async function goOn(engine: Engine, claim: Claim, { state, detail }: Done): Promise<Next | undefined> {
  const next = nextState(claim.build, state);
  if (claim.draining || next === undefined) return undefined;
  const { root, claimNo, fence, caller } = claim;
  try {
    const attempt = await engine.boundaries.cross({ root, claimNo, fence, caller, state, detail, next: next.state });
    return attempt === undefined ? undefined : { kind: "go", state: next, attempt };
  } catch (error) {
    engine.log("a boundary was not crossed together with others", { root, state, err: error });
    return undefined;
  }
}

async function advanceAlone(engine: Engine, claim: Claim, done: Done | undefined): Promise<Next> {
  const next = await asHolder(engine, claim, async (tx, run): Promise<Next | undefined> => {
    if (run.status !== "running") return { kind: "halt", undo: true };
    // After an answer that was lost, the state is on record already.
    const fresh = done !== undefined && run.last_ok_state !== done.state ? done : undefined;
    const lastOk = fresh?.state ?? run.last_ok_state;
    const halted = run.stop_running !== null || run.now.getTime() >= run.work_by.getTime();
    if (claim.draining || halted) {
      if (fresh !== undefined) await close(tx, claim, fresh);
      return claim.draining ? undefined : halt(tx, claim, { ...run, last_ok_state: lastOk });
    }
    const state = nextState(claim.build, lastOk);
    if (state === undefined) throw new Error(`${claim.build.name} has no state after ${lastOk ?? "its start"}`);
    return { kind: "go", state, attempt: await begin(tx, claim, state, fresh) };
  });
  if (next === undefined) throw new HandedOver(`${claim.root} is handed over`);
  return next;
}

async function halt(tx: Tx, claim: Claim, run: RunRow): Promise<Next> {
  return { kind: "halt", undo: await stopAtBoundary(tx, claim, run) };
}

async function close(tx: Tx, claim: Claim, { state, detail }: Done): Promise<void> {
  const attempt = await endAttempt(tx, claim.root, "forward", state, { status: "ok", detail });
  await updateRun(tx, claim.root, { last_ok_state: state });
  await note(tx, claim.caller, claim.root, { event: "state_ok", state, attempt, detail });
}

async function begin(tx: Tx, claim: Claim, { state }: AnyState, done: Done | undefined): Promise<number> {
  const { ended, attempt } = await moveOn(tx, claim.root, {
    done: done?.state,
    detail: done?.detail,
    next: state,
    interrupted,
  });
  const finished = done && { event: "state_ok", state: done.state, attempt: ended, detail: done.detail };
  const started = { event: "state_started", state, attempt };
  await note(tx, claim.caller, claim.root, ...(finished === undefined ? [] : [finished]), started);
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
