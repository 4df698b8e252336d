import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expectStatus } from "./flow.ts";
import { ask, type RunView, type Target, untilRun, useTarget } from "./runs.ts";
import { type InProcess, type Owner, type Service, startService } from "./service.ts";

/** A file of the repository's plans. */
export function planFile(name: string): Promise<string> {
  return readFile(new URL(`../../plans/${name}`, import.meta.url), "utf8");
}

export interface PlanPlace {
  readonly service: InProcess;
  readonly target: Target;
  /** Where the backups go. */
  readonly backups: string;
}

/** A service with a target of its own that the plan's fixture was put into. */
export async function setPlace(
  t: Owner,
  options: { fixture?: string; config?: object; stage?: InProcess["stage"]; target?: Target } = {},
): Promise<PlanPlace> {
  const target = options.target ?? (await useTarget(t));
  if (options.fixture !== undefined) await ask(target.url, options.fixture);
  const backups = await mkdtemp(path.join(tmpdir(), "countersign-backups-"));
  t.teardown(() => rm(backups, { recursive: true, force: true }));
  const service = await startService(t, {
    targets: { default: target.url },
    config: { runPollMs: 150, runRetrySeconds: 2, backupDir: backups, ...options.config },
    ...(options.stage && { stage: options.stage }),
  });
  return { service, target, backups };
}

export interface Registered {
  readonly plan_id: string;
  readonly revision: string;
  readonly plan_digest: string;
}

export async function register(service: Service, source: string): Promise<Registered> {
  const { body } = await expectStatus(service.call("POST", "/v1/plans", { as: "requester", body: { source } }), 201);
  return body as unknown as Registered;
}

let acts = 0;

export interface Done {
  readonly root: string;
  readonly run: RunView & { readonly rehearsal: { readonly rehearsal_ref: string; readonly content: never } | null };
}

export function stepUrl(plan: Registered, step: number, what: string): string {
  return `/v1/plans/${plan.plan_id}/revisions/${plan.revision}/steps/${step}/${what}`;
}

/** Rehearses an act on a step and waits for the end. */
export async function rehearse(service: Service, plan: Registered, step: number, what = "commit"): Promise<Done> {
  const root = `rehearse-${(acts += 1)}`;
  const body = { idempotency_root: root, act: what };
  await expectStatus(service.call("POST", stepUrl(plan, step, "rehearse"), { as: "c1-builder", body }), 202);
  return { root, run: (await untilRun(service, root, undefined, 30)) as Done["run"] };
}

/** Has an M-1 record made. */
export async function approve(
  service: Service,
  plan: Registered,
  step: number,
  rehearsal_ref?: string,
  what = "commit",
): Promise<string> {
  const { plan_id, revision, plan_digest } = plan;
  const body = {
    plan_id,
    revision,
    plan_digest,
    step,
    act: what,
    reason: "Seen in rehearsal.",
    ...(rehearsal_ref && { rehearsal_ref }),
  };
  const answer = await expectStatus(service.call("POST", "/v1/proposal-approvals", { as: "sovereign", body }), 201);
  return answer.body["approval_code"] as unknown as string;
}

export async function recordCouncil(
  service: Service,
  plan: Registered,
  step: number,
  kind: "C-1" | "C-2",
): Promise<void> {
  const { plan_id, revision, plan_digest } = plan;
  const body = { kind, plan_id, revision, plan_digest, step, decision: "To be built." };
  await expectStatus(service.call("POST", "/v1/council-records", { as: "council_1", body }), 201);
}

/** Commits a step, or rolls it back, and waits for the end. */
export async function act(
  service: Service,
  plan: Registered,
  step: number,
  what: "commit" | "rollback",
  approval_code?: string,
): Promise<Done> {
  const root = `${what}-${(acts += 1)}`;
  const body = { idempotency_root: root, ...(approval_code && { approval_code }) };
  await expectStatus(service.call("POST", stepUrl(plan, step, what), { as: "c1-builder", body }), 202);
  return { root, run: (await untilRun(service, root, undefined, 30)) as Done["run"] };
}

/** Rehearses, has approved and does an act. */
export async function wholeAct(
  service: Service,
  plan: Registered,
  step: number,
  what: "commit" | "rollback" = "commit",
): Promise<Done> {
  const { run } = await rehearse(service, plan, step, what);
  if (run.status !== "succeeded") throw new Error(`rehearsal of step ${step}: ${JSON.stringify(run.error)}`);
  const code = await approve(service, plan, step, run.rehearsal?.rehearsal_ref, what);
  return act(service, plan, step, what, code);
}

export interface PlanState {
  readonly steps: readonly { readonly step: number; readonly status: string }[];
  readonly ledger: readonly {
    readonly seq: number;
    readonly step: number;
    readonly outcome: string;
    readonly [name: string]: unknown;
  }[];
}

export async function readPlan(service: Service, plan: Registered): Promise<PlanState> {
  const url = `/v1/plans/${plan.plan_id}/revisions/${plan.revision}`;
  return (await expectStatus(service.call("GET", url, { as: "auditor" }), 200)).body as unknown as PlanState;
}
