import { Problem } from "../../kernel/problem.ts";
import type { CheckState } from "../build.ts";
import { advance, type Done, type Next } from "./advance.ts";
import { attempts } from "./attempts.ts";
import { compensate } from "./compensate.ts";
import { failState } from "./conclude.ts";
import { type AnyState, type Claim, ClaimLost, type Engine, HandedOver } from "./engine.ts";
import { isTransient } from "./faults.ts";
import { concludeRehearsal, finalize } from "./finalize.ts";
import { startHeartbeat } from "./holder.ts";
import { giveUpClaim } from "../store.ts";
import { rehearse } from "./rehearse.ts";
import { reserve, takeUp } from "./reserve.ts";
import { workOf, writeState } from "./write-state.ts";

/** How long a run whose target cannot be asked is left alone. */
const putOffSeconds = 15;

/** How working on a run has ended, for this process. */
export type Driven = "done" | "lost" | "handed-over";

/**
 * Works on a claimed run until it has ended, is to be left alone for a while, or is another's. It throws only what nobody
 * foresaw; the run is then as its rows say, and is taken up again when the claim lapses.
 */
export async function drive(engine: Engine, claim: Claim): Promise<Driven> {
  const stopHeartbeat = startHeartbeat(engine, claim);
  try {
    await takeUp(engine, claim);
    if (claim.run.status !== "running" || (await forward(engine, claim))) await compensate(engine, claim);
    return "done";
  } catch (error) {
    if (error instanceof ClaimLost) return "lost";
    if (error instanceof HandedOver) return "handed-over";
    throw error;
  } finally {
    await stopHeartbeat();
  }
}

/** State after state. @returns whether the run is to be undone now */
async function forward(engine: Engine, claim: Claim): Promise<boolean> {
  let next: Next = await advance(engine, claim);
  while (next.kind === "go") {
    const { state, attempt } = next;
    if (state.kind === "finalize") {
      await finalize(engine, claim, state.state);
      return false;
    }
    if (state.kind === "write" && claim.run.mode === "dry-run") return rehearseAll(engine, claim, state, attempt);
    const outcome = await perform(engine, claim, state, attempt);
    if ("refused" in outcome) return failState(engine, claim, state, outcome.refused);
    next = await advance(engine, claim, outcome.done);
  }
  return next.undo;
}

async function perform(
  engine: Engine,
  claim: Claim,
  state: Exclude<AnyState, { kind: "finalize" }>,
  attempt: number,
): Promise<{ done: Done } | { refused: Problem }> {
  if (state.kind === "reserve") return performReserve(engine, claim, state.state);
  const outcome =
    state.kind === "check"
      ? await checkState(engine, claim, state, attempt)
      : await writeState(engine, claim, state, attempt);
  if (state.kind === "check" && state.fresh === true && "refused" in outcome && isTransient(outcome.refused)) {
    // What was written is committed: a target that cannot be asked says nothing against it, and is asked again later.
    await engine.control.transact((tx) => giveUpClaim(tx, claim.root, claim.claimNo, putOffSeconds));
    throw new ClaimLost(`${claim.run.database} cannot be asked what ${claim.root} has left`);
  }
  return "refused" in outcome ? outcome : { done: { state: state.state, detail: outcome.ok } };
}

async function performReserve(engine: Engine, claim: Claim, state: string) {
  try {
    await reserve(engine, claim);
    return { done: { state, detail: { fencing_token: claim.fence?.fencingToken } } };
  } catch (error) {
    // A fault of the control database was retried for as long as the lease lasts; what refuses, refuses.
    if (error instanceof Problem && (!isTransient(error) || error.code === "REHEARSAL_UNSEEN"))
      return { refused: error };
    throw error;
  }
}

function checkState(engine: Engine, claim: Claim, state: CheckState<never>, attempt: number) {
  const what = { direction: "forward", state: state.state, compensation: null } as const;
  return attempts(engine, claim, what, attempt, async () => {
    const target = await engine.targets.open(claim.run.database);
    return target.transact((tx) => state.check(workOf(claim, tx)), {
      readOnly: true,
      fresh: state.fresh === true,
    });
  });
}

async function rehearseAll(engine: Engine, claim: Claim, state: AnyState, attempt: number): Promise<boolean> {
  const outcome = await rehearse(engine, claim, attempt);
  if ("refused" in outcome) return failState(engine, claim, state, outcome.refused);
  if (outcome.ok.kind === "halt") return outcome.ok.next.kind === "halt" && outcome.ok.next.undo;
  await concludeRehearsal(engine, claim, outcome.ok);
  return false;
}
