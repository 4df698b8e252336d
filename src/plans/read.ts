import type { Tx } from "../database/index.ts";
import { digestOf } from "../kernel/json.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { Plan, Step } from "../plan-file/index.ts";
import { type Standings, standingsOf } from "./ledger/standing.ts";
import { type LedgerRow, selectLines } from "./ledger/store.ts";
import type { LedgerLine, PlanQuery, PlanSummary, PlanView, StepView } from "./schemas.ts";
import { findRevision, type RevisionRow, selectRevisions } from "./store.ts";

/** Registered revisions, newest first. */
export async function listPlans(tx: Tx, query: PlanQuery): Promise<PageOf<PlanSummary>> {
  const page = pageRequest(query, ["microseconds", "name", "name"]);
  const rows = await selectRevisions(tx, query.plan_id, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.plan_id, row.revision], summaryOf);
}

/** One revision with where its steps stand, and the plan's ledger. @throws ServiceProblem NOT_FOUND */
export async function readPlan(tx: Tx, planId: string, revision: string): Promise<PlanView> {
  const row = await requireRevision(tx, planId, revision);
  const lines = await selectLines(tx, planId);
  const plan = planOf(row);
  const standings = standingsOf(lines);
  return {
    ...summaryOf(row),
    content: plan,
    source: row.source,
    steps: plan.steps.map((step) => viewOf(step, standings)),
    ledger: lines.map(lineOf),
  };
}

/** @throws ServiceProblem NOT_FOUND */
export async function requireRevision(tx: Tx, planId: string, revision: string): Promise<RevisionRow> {
  const row = await findRevision(tx, planId, revision);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no revision ${revision} of a plan ${planId}.`);
  return row;
}

/** The plan of a revision: its content was examined when it was registered. */
export function planOf(row: RevisionRow): Plan {
  return JSON.parse(row.content) as Plan;
}

/** @throws ServiceProblem NOT_FOUND */
export function requireStep(plan: Plan, number: number): Step {
  const step = plan.steps.find((one) => one.step === number);
  if (step === undefined) throw new ServiceProblem("NOT_FOUND", `The plan ${plan.plan} has no step ${number}.`);
  return step;
}

function summaryOf(row: RevisionRow): PlanSummary {
  const { plan_id, revision, plan_digest, target, registered_by } = row;
  const registered_at = row.registered_at.toISOString();
  return { plan_id, revision, plan_digest, title: planOf(row).title, target, registered_by, registered_at };
}

function viewOf(step: Step, standings: Standings): StepView {
  const standing = standings.get(step.step);
  return {
    step: step.step,
    name: step.name,
    kind: step.kind,
    records: [...(step.records ?? [])],
    signed: step.signed ?? false,
    after: [...(step.after ?? [])],
    step_digest: digestOf(step),
    status: standing?.status ?? "open",
    act_at: standing?.line?.recorded_at.toISOString() ?? null,
    act_by: standing?.line?.recorded_by ?? null,
  };
}

export function lineOf(line: LedgerRow): LedgerLine {
  const { plan_id: _, ...row } = line;
  return { ...row, seq: Number(row.seq), recorded_at: row.recorded_at.toISOString() };
}
