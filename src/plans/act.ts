import { createHash } from "node:crypto";
import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { digestOf } from "../kernel/json.ts";
import type { Plan, Step } from "../plan-file/index.ts";
import { findRehearsal } from "../rehearsals/index.ts";
import { type AnyBuild, openedRun, openRun, type Run, RunProblem, standingRun } from "../runs/index.ts";
import { refuseHeldTarget } from "./authority.ts";
import { stepDigestsOf } from "./digests.ts";
import { PlanProblem } from "./errors.ts";
import { committedSteps, readStandings, requireNext, type Standings } from "./ledger/standing.ts";
import { planOf, requireRevision, requireStep } from "./read.ts";
import { findLineOfRoot } from "./ledger/store.ts";
import { requireRecords } from "./records/consume.ts";
import type { ApprovalRow } from "./records/store.ts";
import type { Act } from "./states.ts";
import type { StepInput } from "./step/input.ts";
import { insertStepRun, type RevisionRow } from "./store.ts";

export interface StepPath {
  readonly plan_id: string;
  readonly revision: string;
  readonly step: number;
}

/** What an act is started with. */
export interface ActInput {
  readonly idempotency_root: string;
  readonly work_within_seconds?: number;
  readonly approval_code?: string;
}

/** What starting a run needs to know. */
export interface ActContext {
  readonly builds: ReadonlyMap<string, AnyBuild>;
}

/** A step that works in the target, with the revision that it is of. */
interface Aimed {
  readonly revision: RevisionRow;
  readonly plan: Plan;
  readonly step: Exclude<Step, { kind: "record" }>;
  readonly act: Act;
  readonly rehearsal: boolean;
}

/**
 * Rehearses an act: the whole of it in a transaction that is rolled back, on record under its digest (PLAN-3). It needs no
 * record, and burns none.
 * @throws PlanProblem; RunProblem RUN_CONFLICT; ServiceProblem NOT_FOUND
 */
export function rehearseStep(
  tx: Tx,
  caller: Caller,
  context: ActContext,
  path: StepPath,
  input: ActInput & { act?: Act },
): Promise<Run> {
  return start(tx, caller, context, path, input, { act: input.act ?? "commit", rehearsal: true });
}

/**
 * Commits a step alone, under its own record (PLAN-2). The run burns it; nothing is burned here.
 * @throws PlanProblem, naming what is missing; HoldProblem REGISTRATION_HOLD; RunProblem RUN_CONFLICT, RUN_STOPPED
 */
export function commitStep(tx: Tx, caller: Caller, context: ActContext, path: StepPath, input: ActInput): Promise<Run> {
  return start(tx, caller, context, path, input, { act: "commit", rehearsal: false });
}

/** Rolls a committed step back, under a record of its own (PLAN-7). @throws as `commitStep` */
export function rollBackStep(
  tx: Tx,
  caller: Caller,
  context: ActContext,
  path: StepPath,
  input: ActInput,
): Promise<Run> {
  return start(tx, caller, context, path, input, { act: "rollback", rehearsal: false });
}

async function start(
  tx: Tx,
  caller: Caller,
  context: ActContext,
  path: StepPath,
  input: ActInput,
  how: { readonly act: Act; readonly rehearsal: boolean },
): Promise<Run> {
  const root = input.idempotency_root;
  const inputDigest = digestOf({ ...path, ...how, approval_code: input.approval_code ?? null });
  const wanted = { root, inputDigest, workSeconds: input.work_within_seconds };
  const standing = await standingRun(tx, caller, context.builds, wanted);
  if (standing !== undefined) return standing;
  await requireFreeRoot(tx, root);
  const aimed = await aim(tx, path, how);
  const { plan, revision, step } = aimed;
  if (!how.rehearsal) await refuseHeldTarget(tx, revision.target);
  const standings = await readStandings(tx, path.plan_id);
  requireNext(plan, stepDigestsOf(plan), standings, path.step, how.act);
  const wantedRecords = { code: input.approval_code, revision, step, act: how.act, root };
  const record = how.rehearsal ? undefined : await requireRecords(tx, caller, wantedRecords);
  await open(tx, caller, context, aimed, { root, inputDigest, input, record, standings });
  return openedRun(tx, caller, context.builds, wanted);
}

/** A record step may have the root: a line of the ledger and no run. @throws RunProblem RUN_CONFLICT */
async function requireFreeRoot(tx: Tx, root: string): Promise<void> {
  if ((await findLineOfRoot(tx, root)) === undefined) return;
  throw new RunProblem("RUN_CONFLICT", `${root} stands for a step that is on record.`, {
    errors: [{ pointer: "/idempotency_root", detail: "stands for something else" }],
  });
}

async function aim(tx: Tx, path: StepPath, how: { readonly act: Act; readonly rehearsal: boolean }): Promise<Aimed> {
  const revision = await requireRevision(tx, path.plan_id, path.revision);
  const plan = planOf(revision);
  const step = requireStep(plan, path.step);
  if (step.kind === "record" || (step.kind === "check" && how.act === "rollback")) {
    const what = how.act === "rollback" ? "rolled back" : "rehearsed";
    throw new PlanProblem("NOTHING_TO_DO", `Step ${path.step} is of kind ${step.kind} and is not ${what}.`);
  }
  return { revision, plan, step, ...how };
}

interface Start {
  readonly root: string;
  readonly inputDigest: string;
  readonly input: ActInput;
  readonly record: ApprovalRow | undefined;
  readonly standings: Standings;
}

async function open(tx: Tx, caller: Caller, context: ActContext, aimed: Aimed, from: Start): Promise<void> {
  const { revision, plan, step, act, rehearsal } = aimed;
  const { root, record, standings } = from;
  const stepDigest = digestOf(step);
  const content: StepInput = {
    plan,
    plan_digest: revision.plan_digest,
    step: step.step,
    step_digest: stepDigest,
    act,
    rehearsal,
    entry_fingerprint: await rehearsedFingerprint(tx, record),
    earlier: committedSteps(standings).filter((one) => one !== step.step),
  };
  const opened = await openRun(tx, caller, {
    root,
    build: buildOf(context, step, act),
    mode: rehearsal ? "dry-run" : "commit",
    authCode: record?.approval_code ?? nameOf(root),
    environment: revision.target,
    database: revision.target,
    bindings: bindingsOf(revision, caller, step.step, stepDigest, act),
    inputDigest: from.inputDigest,
    input: content,
    rehearsalRef: record?.rehearsal_ref ?? undefined,
    rollsBack: act === "rollback" ? standings.get(step.step)?.line?.idempotency_root : undefined,
    workSeconds: from.input.work_within_seconds,
  });
  if (!opened) return;
  await insertStepRun(tx, {
    idempotency_root: root,
    plan_id: revision.plan_id,
    revision: revision.revision,
    step: step.step,
    act,
    step_digest: stepDigest,
    approval_code: record?.approval_code ?? null,
  });
}

function buildOf(context: ActContext, step: Step, act: Act): AnyBuild {
  const name = step.kind === "check" ? "plan-check" : act === "commit" ? "plan-step" : "plan-step-rollback";
  const build = context.builds.get(name);
  if (build === undefined) throw new Error(`this service has no build ${name}`);
  return build;
}

/** What the target looked like when the act was rehearsed: it must look so again (PLAN-3). */
async function rehearsedFingerprint(tx: Tx, record: ApprovalRow | undefined): Promise<string | null> {
  if (record === undefined || record.rehearsal_ref === null) return null;
  return (await findRehearsal(tx, record.rehearsal_ref))?.fingerprint ?? null;
}

/** A run that burns nothing works under its own name. */
function nameOf(root: string): string {
  return `STEP-${createHash("sha256").update(root).digest("hex").slice(0, 40)}`;
}

function bindingsOf(revision: RevisionRow, caller: Caller, step: number, stepDigest: string, act: Act) {
  return {
    carrier: "PLAN",
    plan_id: revision.plan_id,
    plan_revision: revision.revision,
    manifest_digest: revision.plan_digest,
    schema_digest: stepDigest,
    environment: revision.target,
    executor: caller.principal,
    action_set: [`plan_step_${act}`],
    rollback_plan_ref: `${revision.plan_id}/${revision.revision}/${step}`,
  };
}
