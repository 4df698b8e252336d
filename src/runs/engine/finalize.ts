import type { Tx } from "../../database/index.ts";
import { Problem } from "../../kernel/problem.ts";
import { recordRehearsal } from "../../rehearsals/index.ts";
import { note } from "../progress/note.ts";
import { endAttempt, insertAttempt } from "../progress/store.ts";
import { type RunRow, updateRun } from "../store.ts";
import { errorOf, failState, finish } from "./conclude.ts";
import type { Claim, Engine } from "./engine.ts";
import { isTransient } from "./faults.ts";
import { asHolder } from "./holder.ts";
import type { Rehearsed } from "./rehearse.ts";
import { RunProblem } from "../errors.ts";

/** The last state: the outcome to the grant's evidence, the lease given back (RUN-4, S7). */
export async function finalize(engine: Engine, claim: Claim, state: string): Promise<void> {
  try {
    await asHolder(engine, claim, async (tx, run) => {
      await closeState(tx, claim, run, state, {});
      await finish(tx, claim, { ...run, last_ok_state: state }, { status: "succeeded", outcome: outcomeOf(claim) });
    });
  } catch (error) {
    await failFinalize(engine, claim, error);
  }
}

/** What the control database refuses at the end stops the run there: COMP_FINALIZE frees the lease. */
async function failFinalize(engine: Engine, claim: Claim, error: unknown): Promise<void> {
  const known = error instanceof Problem;
  if (known && isTransient(error)) throw error;
  const last = claim.build.states.at(-1);
  if (last === undefined || !isRefusal(error)) throw error;
  engine.log("the last state was refused", { root: claim.root, err: error });
  const problem = known ? error : new RunProblem("STATE_FAILED", "The outcome could not be written to the grant.");
  await failState(engine, claim, last, problem);
}

function isRefusal(error: unknown): boolean {
  return error instanceof Problem || (error as { code?: unknown }).code !== undefined;
}

function outcomeOf(claim: Claim): Readonly<Record<string, unknown>> {
  const { manifest_digest, schema_digest } = claim.run.bindings;
  return { manifest_digest, schema_digest };
}

async function closeState(tx: Tx, claim: Claim, run: RunRow, state: string, detail: unknown): Promise<void> {
  const root = run.idempotency_root;
  const attempt = await endAttempt(tx, root, "forward", state, { status: "ok", detail });
  await updateRun(tx, root, { last_ok_state: state });
  await note(tx, claim.caller, root, { event: "state_ok", state, attempt, detail });
}

/**
 * The end of a rehearsal, whatever it has shown: on record in the transaction that ends the run, since its own effects are
 * gone and could not be read back (OPEN-1).
 */
export async function concludeRehearsal(
  engine: Engine,
  claim: Claim,
  rehearsed: Exclude<Rehearsed, { kind: "halt" }>,
): Promise<void> {
  const last = claim.build.states.at(-1)?.state ?? "";
  await asHolder(engine, claim, async (tx, run) => {
    const ref = await put(tx, claim, run, rehearsed);
    const outcome = { ...outcomeOf(claim), rehearsal_ref: ref };
    if (rehearsed.kind === "shown") {
      await closeState(tx, claim, run, rehearsed.last.state, rehearsed.last.detail);
      const attempt = await insertAttempt(tx, claim.root, "forward", last, null);
      await updateRun(tx, claim.root, { state: last });
      await note(tx, claim.caller, claim.root, { event: "state_started", state: last, attempt });
      await closeState(tx, claim, run, last, { rehearsal_ref: ref });
      await finish(tx, claim, { ...run, state: last, last_ok_state: last }, { status: "succeeded", outcome });
      return;
    }
    const { state, problem } = rehearsed;
    const error = errorOf(problem);
    const attempt = await endAttempt(tx, claim.root, "forward", state.state, { status: "failed", error });
    await note(tx, claim.caller, claim.root, { event: "state_failed", state: state.state, attempt, detail: error });
    await finish(tx, claim, run, { status: "stopped", stopState: state.compensation, error, outcome });
  });
}

function put(tx: Tx, claim: Claim, run: RunRow, { shown }: Exclude<Rehearsed, { kind: "halt" }>): Promise<string> {
  const { plan_id, plan_revision, manifest_digest, schema_digest, rollback_plan_ref } = run.bindings;
  return recordRehearsal(tx, claim.caller, {
    idempotency_root: run.idempotency_root,
    auth_code: run.auth_code,
    build: run.build,
    database: run.database,
    bindings: { plan_id, plan_revision, manifest_digest, schema_digest, rollback_plan_ref },
    ...shown,
  });
}
