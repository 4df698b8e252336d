import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { digestOf } from "../kernel/json.ts";
import { LeaseProblem } from "../leases/index.ts";
import { findRun, RunProblem } from "../runs/index.ts";
import type { StepPath } from "./act.ts";
import { refuseHeldTarget } from "./authority.ts";
import { stepDigestsOf } from "./digests.ts";
import { PlanProblem } from "./errors.ts";
import { readStandings, requireNext } from "./ledger/standing.ts";
import { recordLine } from "./ledger/record.ts";
import { findLineOfRoot, insertLine } from "./ledger/store.ts";
import { lineOf, planOf, requireRevision, requireStep } from "./read.ts";
import { consumeRecords } from "./records/consume.ts";
import type { CommitInput, LedgerLine } from "./schemas.ts";
import { actingRun, lockPlan } from "./store.ts";

/** Whether the step is work outside the database, which is done at once. @throws ServiceProblem NOT_FOUND */
export async function isRecordStep(tx: Tx, path: StepPath): Promise<boolean> {
  return requireStep(planOf(await requireRevision(tx, path.plan_id, path.revision)), path.step).kind === "record";
}

/**
 * Puts a step on record whose work is outside the database, evidenced by the digests of its documents (PLAN-1). Its
 * records are burned in the same transaction; the same root again answers the same line.
 * @throws PlanProblem DOCUMENTS_MISSING and whatever refuses a commit; RunProblem RUN_CONFLICT
 */
export async function commitRecordStep(
  tx: Tx,
  caller: Caller,
  path: StepPath,
  input: CommitInput,
): Promise<LedgerLine> {
  const revision = await requireRevision(tx, path.plan_id, path.revision);
  const plan = planOf(revision);
  const step = requireStep(plan, path.step);
  if (step.kind !== "record") throw new Error(`step ${path.step} works in the target`);
  const root = input.idempotency_root;
  const documents = [...(input.documents ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
  await refuseHeldTarget(tx, revision.target);
  await lockPlan(tx, path.plan_id);
  const before = await findLineOfRoot(tx, root);
  if (before !== undefined) {
    const same =
      before.step === path.step &&
      before.revision === path.revision &&
      digestOf(before.documents) === digestOf(documents);
    if (same && before.recorded_by === caller.principal) return lineOf(before);
    throw new RunProblem("RUN_CONFLICT", `${root} stands for something else.`, {
      errors: [{ pointer: "/idempotency_root", detail: "stands for another act, or for other documents" }],
    });
  }
  await requireNobodyActs(tx, path.plan_id, root);
  const standings = await readStandings(tx, path.plan_id);
  requireNext(plan, stepDigestsOf(plan), standings, path.step, "commit");
  requireDocuments(
    step.documents,
    documents.map((one) => one.name),
  );
  await consumeRecords(tx, caller, { code: input.approval_code, revision, step, act: "commit", root });
  await insertLine(tx, {
    plan_id: path.plan_id,
    revision: path.revision,
    plan_digest: revision.plan_digest,
    step: path.step,
    step_digest: digestOf(step),
    act: "commit",
    outcome: "committed",
    idempotency_root: root,
    approval_code: input.approval_code ?? null,
    rehearsal_ref: null,
    entry_fingerprint: null,
    exit_fingerprint: null,
    delta: null,
    evidence: null,
    backups: null,
    documents,
    error: null,
    recorded_by: caller.principal,
  });
  await recordLine(
    tx,
    caller,
    revision,
    {
      step: path.step,
      act: "commit",
      step_digest: digestOf(step),
      idempotency_root: root,
      approval_code: input.approval_code ?? null,
    },
    { outcome: "committed", before: standings.get(path.step)?.status ?? "open" },
  );
  return lineOf((await findLineOfRoot(tx, root)) as NonNullable<Awaited<ReturnType<typeof findLineOfRoot>>>);
}

/**
 * Acts in the target exclude each other by the plan's lease, and this one has none: it waits for them.
 * @throws RunProblem RUN_CONFLICT; LeaseProblem LEASE_HELD
 */
async function requireNobodyActs(tx: Tx, planId: string, root: string): Promise<void> {
  if ((await findRun(tx, root)) !== undefined) {
    throw new RunProblem("RUN_CONFLICT", `${root} stands for a run.`, {
      errors: [{ pointer: "/idempotency_root", detail: "stands for something else" }],
    });
  }
  const acting = await actingRun(tx, planId);
  if (acting === undefined) return;
  throw new LeaseProblem("LEASE_HELD", `${acting} is acting on ${planId}.`, { retryAfterSeconds: 5 });
}

/** @throws PlanProblem DOCUMENTS_MISSING */
function requireDocuments(wanted: readonly string[], given: readonly string[]): void {
  const missing = wanted.filter((name) => !given.includes(name));
  const unknown = given.filter((name, position) => !wanted.includes(name) || given.indexOf(name) !== position);
  if (missing.length + unknown.length === 0) return;
  const said = [
    ...missing.map((name) => `“${name}” is missing`),
    ...unknown.map((name) => `“${name}” is not asked for, or is there twice`),
  ];
  throw new PlanProblem("DOCUMENTS_MISSING", `${said.join("; ")}.`, {
    errors: said.map((detail) => ({ pointer: "/documents", detail })),
  });
}
