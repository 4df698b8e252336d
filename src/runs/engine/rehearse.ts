import { mayPass, type Tx } from "../../database/index.ts";
import type { Problem } from "../../kernel/problem.ts";
import { raiseFence } from "../../leases/index.ts";
import type { RehearsalContent } from "../../rehearsals/index.ts";
import type { Detail } from "../build.ts";
import { RunProblem } from "../errors.ts";
import { checkDeferred } from "../markers/store.ts";
import { rollBackAttempts } from "../progress/store.ts";
import { updateRun } from "../store.ts";
import { advance, type Done, type Next } from "./advance.ts";
import { type Attempted, attempts } from "./attempts.ts";
import {
  type AnyState,
  type Claim,
  ClaimLost,
  type Engine,
  HandedOver,
  nextState,
  stateOf,
  undoPlanOf,
  writeStates,
} from "./engine.ts";
import { targetProblem } from "./faults.ts";
import { asHolder } from "./holder.ts";
import { fenceOf } from "./raise.ts";
import { workOf } from "./write-state.ts";

/** What a rehearsal has shown, before it is put on record. */
export type Shown = Omit<RehearsalContent, "idempotency_root" | "auth_code" | "build" | "database" | "bindings">;

/** How a rehearsal has ended: shown to the end, refused by a state, or halted at a boundary. */
export type Rehearsed =
  | { readonly kind: "shown"; readonly shown: Shown; readonly last: Done }
  | { readonly kind: "refused"; readonly shown: Shown; readonly state: AnyState; readonly problem: Problem }
  | { readonly kind: "halt"; readonly next: Next };

interface Step {
  readonly state: string;
  readonly name: string;
  readonly ok: boolean;
  readonly detail: unknown;
}

/**
 * The whole build in one transaction of the target that is rolled back, forward and then undone, with the fingerprint
 * before and after it (RUN-5, OPEN-1, OPEN-2). Nothing of it stays: if the transaction is lost, all of it is done again.
 */
export async function rehearse(engine: Engine, claim: Claim, first: number): Promise<Attempted<Rehearsed>> {
  const start = writeStates(claim.build)[0];
  if (start === undefined) throw new Error(`${claim.build.name} writes nothing`);
  const what = { direction: "forward", state: start.state, compensation: null } as const;
  return attempts(engine, claim, what, first, async (_attempt, again) => {
    const target = await engine.targets.open(claim.run.database);
    let clean = !again && !(await startedBefore(engine, claim));
    const inside = await target.transact(
      async (tx) => {
        // The transaction may be run again, after a deadlock for one: what it had done counts no more.
        if (!clean) await startOver(engine, claim);
        clean = false;
        return play(engine, claim, tx);
      },
      { rollback: true, fresh: claim.build.ownConnection === true },
    );
    const exit = await target.transact((tx) => claim.build.fingerprint(tx, claim.input), { readOnly: true });
    return conclude(claim, inside, exit);
  });
}

async function startedBefore(engine: Engine, claim: Claim): Promise<boolean> {
  const start = writeStates(claim.build)[0]?.state;
  return asHolder(engine, claim, async (_tx, run) => run.state !== start);
}

/** Puts the run back to where its rehearsal begins. */
async function startOver(engine: Engine, claim: Claim): Promise<void> {
  const states = writeStates(claim.build).map((one) => one.state);
  const before = claim.build.states[claim.build.states.findIndex((one) => one.state === states[0]) - 1];
  await asHolder(engine, claim, async (tx, run) => {
    await rollBackAttempts(tx, run.idempotency_root, states);
    await updateRun(tx, run.idempotency_root, { last_ok_state: before?.state ?? null });
  });
  await advance(engine, claim);
}

async function play(engine: Engine, claim: Claim, tx: Tx): Promise<Rehearsed> {
  const { build } = claim;
  await raiseFence(tx, fenceOf(claim));
  const entry = await build.fingerprint(tx, claim.input);
  const standing = await build.standing(tx, claim.input, entry);
  const baseline = await build.baseline(tx, claim.input);
  const forward: Step[] = [];
  const shown = (rollback: unknown, delta: unknown, passed: boolean): Shown => ({
    entry_fingerprint: entry,
    exit_fingerprint: entry,
    forward,
    rollback,
    delta,
    passed,
  });
  let state: AnyState = writeStates(build)[0] as AnyState;
  while (state.kind === "write") {
    try {
      const done: Detail = await playState(claim, tx, state);
      forward.push({ state: state.state, name: state.name, ok: true, detail: done });
    } catch (error) {
      const problem = refusalOf(error, claim);
      const { code } = problem;
      engine.log("a rehearsed state was refused", { root: claim.root, state: state.state, code, err: error });
      forward.push({
        state: state.state,
        name: state.name,
        ok: false,
        detail: { code: problem.code, detail: problem.message },
      });
      return { kind: "refused", shown: shown([], null, false), state, problem };
    }
    const done = { state: state.state, detail: forward.at(-1)?.detail };
    if (nextState(build, state.state)?.kind !== "write") return finishShow(claim, tx, shown, standing, baseline, done);
    const next = await advance(engine, claim, done);
    if (next.kind === "halt") return { kind: "halt", next };
    state = next.state;
  }
  throw new Error(`${build.name} has a state that writes nothing among those that do`);
}

async function playState(claim: Claim, tx: Tx, state: Extract<AnyState, { kind: "write" }>): Promise<Detail> {
  const work = workOf(claim, tx);
  const done = { ...(await state.action(work)), ...(await state.verify(work)) };
  await checkDeferred(tx);
  return done;
}

/** A fault is retried by whoever called; a refusal is what the rehearsal was for. */
function refusalOf(error: unknown, claim: Claim): Problem {
  // Inside the transaction an error of the database is still as it came: what may pass is for whoever opened it.
  if (error instanceof ClaimLost || error instanceof HandedOver || mayPass(error)) throw error;
  const problem = targetProblem(error, claim.run.database, claim.build);
  if (problem.definition.kind === "unavailable") throw error;
  return problem;
}

async function finishShow(
  claim: Claim,
  tx: Tx,
  shown: (rollback: unknown, delta: unknown, passed: boolean) => Shown,
  standing: string,
  baseline: unknown,
  last: Done,
): Promise<Rehearsed> {
  const { build } = claim;
  const delta = await build.delta(tx, baseline, claim.input, last.detail as Detail);
  const undone: unknown[] = [];
  for (const { state: name, compensation } of undoPlanOf(build, last.state)) {
    const state = stateOf(build, name);
    if (state.kind !== "write") continue;
    try {
      const detail = await state.undo({ ...workOf(claim, tx), stands: true });
      await checkDeferred(tx);
      undone.push({ state: name, compensation, ok: true, detail });
    } catch (error) {
      const problem = refusalOf(error, claim);
      undone.push({ state: name, compensation, ok: false, detail: { code: problem.code, detail: problem.message } });
      return { kind: "refused", shown: shown(undone, delta, false), state: stateOf(build, last.state), problem };
    }
  }
  if ((await build.standing(tx, claim.input)) !== standing) {
    const problem = new RunProblem("STATE_FAILED", "The compensations do not lead back to what stood before.");
    return { kind: "refused", shown: shown(undone, delta, false), state: stateOf(build, last.state), problem };
  }
  return { kind: "shown", shown: shown(undone, delta, true), last };
}

/** The last thing to compare: the target after the rollback, with the target before it. */
function conclude(claim: Claim, inside: Rehearsed, exit: string): Rehearsed {
  if (inside.kind === "halt") return inside;
  const shown = { ...inside.shown, exit_fingerprint: exit };
  if (inside.kind === "refused" || exit === shown.entry_fingerprint) return { ...inside, shown };
  const problem = new RunProblem("TARGET_MOVED", "Somebody else changed the target while the build was rehearsed.");
  const state = writeStates(claim.build).at(-1);
  if (state === undefined) throw new Error(`${claim.build.name} writes nothing`);
  return { kind: "refused", shown: { ...shown, passed: false }, state, problem };
}
