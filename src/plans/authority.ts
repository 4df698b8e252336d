import type { Tx } from "../database/index.ts";
import { refuseWhileHeld } from "../holds/index.ts";
import type { Caller } from "../kernel/caller.ts";
import {
  adoptLease,
  type Authority,
  readInput,
  type RunEnding,
  type RunRow,
  selectStates,
  type StateRow,
} from "../runs/index.ts";
import { PlanProblem } from "./errors.ts";
import { recordLine } from "./ledger/record.ts";
import { committedSteps, readStandings, requireNext } from "./ledger/standing.ts";
import { findLineOfRoot, insertLine } from "./ledger/store.ts";
import { planOf, requireRevision, requireStep } from "./read.ts";
import { consumeRecords } from "./records/consume.ts";
import type { Act, Outcome } from "./states.ts";
import { stepDigestsOf } from "./digests.ts";
import type { StepInput } from "./step/input.ts";
import { environmentsOf, findStepRun, lockPlan, passHoldGate, type StepRunRow } from "./store.ts";

/**
 * What lets a run of a step advance: its M-1 record, burned once, beside the council's records (PLAN-2). A rehearsal and a
 * step that only looks burn nothing, and take the plan's lease like the others. Lock order: run, lease, hold, plan, record.
 */
export const stepAuthority: Authority = {
  async take(tx, caller, keys, run, lease) {
    const acquired = await adoptLease(tx, caller, keys, run, lease);
    if (run.reserved) return acquired;
    const of = await stepRunOf(tx, run);
    if (run.mode === "commit") await refuseHeldTarget(tx, run.database);
    const revision = await requireRevision(tx, of.plan_id, of.revision);
    const plan = planOf(revision);
    await lockPlan(tx, of.plan_id);
    const standings = await readStandings(tx, of.plan_id);
    requireNext(plan, stepDigestsOf(plan), standings, of.step, of.act);
    requireSameEarlier(await readInput(tx, run.idempotency_root), committedSteps(standings), of.step);
    if (run.mode === "commit") {
      await consumeRecords(tx, caller, {
        code: of.approval_code ?? undefined,
        revision,
        step: requireStep(plan, of.step),
        act: of.act,
        root: run.idempotency_root,
      });
    }
    return acquired;
  },
  ended: recordEnding,
};

/** @throws HoldProblem REGISTRATION_HOLD while one stands against the target, or an environment that stands for it (GRANT-9) */
export async function refuseHeldTarget(tx: Tx, target: string): Promise<void> {
  await passHoldGate(tx);
  for (const environment of new Set([target, ...(await environmentsOf(tx, target))])) {
    await refuseWhileHeld(tx, environment);
  }
}

/** Whose evidence is asked was fixed when the run was started. @throws PlanProblem STEP_OUT_OF_ORDER where others are committed by now */
function requireSameEarlier(input: unknown, committed: readonly number[], own: number): void {
  const { earlier } = input as StepInput;
  if (earlier.join() === committed.filter((one) => one !== own).join()) return;
  throw new PlanProblem(
    "STEP_OUT_OF_ORDER",
    "Other steps have been committed or rolled back since the run was started. Start it anew, under another root.",
  );
}

async function stepRunOf(tx: Tx, run: RunRow): Promise<StepRunRow> {
  const of = await findStepRun(tx, run.idempotency_root);
  if (of === undefined) throw new Error(`${run.idempotency_root} is of no step`);
  return of;
}

async function recordEnding(tx: Tx, caller: Caller, run: RunRow, ending: RunEnding): Promise<void> {
  const of = await stepRunOf(tx, run);
  const revision = await requireRevision(tx, of.plan_id, of.revision);
  const step = requireStep(planOf(revision), of.step);
  const rows = await selectStates(tx, run.idempotency_root);
  const done = okDetail(rows, "forward", "S3");
  await lockPlan(tx, of.plan_id);
  const outcome = outcomeOf(run, ending, of, step.kind === "sql" ? step.rollback.mode : undefined, rows);
  // A run that was only stopped may end once more, undone (OPEN-2).
  if ((await findLineOfRoot(tx, run.idempotency_root))?.outcome === outcome) return;
  const before = (await readStandings(tx, of.plan_id)).get(of.step)?.status ?? "open";
  await insertLine(tx, {
    plan_id: of.plan_id,
    revision: of.revision,
    plan_digest: revision.plan_digest,
    step: of.step,
    step_digest: of.step_digest,
    act: of.act,
    outcome,
    idempotency_root: run.idempotency_root,
    approval_code: of.approval_code,
    rehearsal_ref: run.mode === "dry-run" ? textOf(ending["rehearsal_ref"]) : run.rehearsal_ref,
    entry_fingerprint: textOf(done?.["entry_fingerprint"]),
    exit_fingerprint: textOf(okDetail(rows, "forward", "S4")?.["fingerprint"]),
    delta: done?.["delta"] ?? null,
    evidence: done?.["evidence"] ?? null,
    backups: run.mode === "commit" ? (okDetail(rows, "forward", "S2") ?? null) : null,
    documents: null,
    error: ending["error"] ?? null,
    recorded_by: run.executor,
  });
  await recordLine(tx, caller, revision, of, { outcome, before });
}

function outcomeOf(
  run: RunRow,
  ending: RunEnding,
  of: StepRunRow,
  rollback: "revert" | "retire" | undefined,
  rows: readonly StateRow[],
): Outcome {
  if (run.mode === "dry-run") return ending.status === "succeeded" ? "rehearsed" : "rehearsal_failed";
  const back = rollback === "retire" ? "retired" : "rolled_back";
  if (ending.status === "succeeded") return of.act === "commit" ? "committed" : back;
  return rollback === undefined ? "failed" : outcomeOfStopped(of.act, rollback, rows);
}

/** What a run that was stopped has left: the marker that it found, or did not find, when it was undone says so. */
function outcomeOfStopped(act: Act, rollback: "revert" | "retire", rows: readonly StateRow[]): Outcome {
  const undo = okDetail(rows, "undo", "S3");
  if (undo?.["undone"] === true) return rollback === "retire" ? "retired" : "undone";
  // A rollback whose COMMIT got through without an answer: its marker stands, and so does its evidence.
  if (act === "rollback" && undo?.["whole"] === true) return rollback === "retire" ? "retired" : "rolled_back";
  if (undo?.["stands"] === true) return "contradicted";
  // An undoing that found nothing is the last word; where there was none, what the state itself says.
  return undo === undefined && okDetail(rows, "forward", "S3") !== undefined ? "contradicted" : "failed";
}

type Details = Readonly<Record<string, unknown>>;

function okDetail(rows: readonly StateRow[], direction: "forward" | "undo", state: string): Details | undefined {
  const row = rows.findLast((one) => one.direction === direction && one.state === state && one.status === "ok");
  return row?.detail as Details | undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
