import { expectStatus } from "../../test/support/flow.ts";
import { follow } from "../../test/support/follow.ts";
import { approve, register, type Registered, stepUrl } from "../../test/support/plans.ts";
import { readRun, type RunView } from "../../test/support/runs.ts";
import type { Service } from "../../test/support/service.ts";
import type { BenchStep } from "./step.ts";

/** Milliseconds that each part of a governed step has taken. */
export interface Governed {
  readonly rehearsal: number;
  readonly approval: number;
  readonly commit: number;
  /** Of the commit, by state. */
  readonly states: readonly { readonly name: string; readonly ms: number }[];
}

/** Registers a plan of one step, then rehearses, approves and commits it over HTTP, each until its end can be read. */
export async function governed(service: Service, step: BenchStep, index: number): Promise<Governed> {
  const plan = await register(service, step.source);
  const rehearsed = await timed(() => runOf(service, plan, "rehearse", { idempotency_root: `rehearsal-${index}` }));
  const ref = rehearsed.value.rehearsal_ref ?? undefined;
  const approved = await timed(() => approve(service, plan, 1, ref));
  const body = { idempotency_root: `commit-${index}`, approval_code: approved.value };
  const committed = await timed(() => runOf(service, plan, "commit", body));
  return {
    rehearsal: rehearsed.ms,
    approval: approved.ms,
    commit: committed.ms,
    states: (committed.value.states as unknown as { state: string; name: string; duration_ms: number }[]).map(
      ({ state, name, duration_ms }) => ({ name: `${state} ${name}`, ms: duration_ms }),
    ),
  };
}

async function runOf(
  service: Service,
  plan: Registered,
  act: string,
  body: { idempotency_root: string; approval_code?: string },
): Promise<RunView> {
  await expectStatus(service.call("POST", stepUrl(plan, 1, act), { as: "c1-builder", body }), 202);
  // Its events tell the end: looking again and again would take more of the machine than the run itself.
  await follow(service, body.idempotency_root);
  const run = await readRun(service, body.idempotency_root);
  if (run.status !== "succeeded") throw new Error(`${act} is ${run.status}: ${JSON.stringify(run.error)}`);
  return run;
}

/** What the work answers, and how many milliseconds it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const began = performance.now();
  const value = await work();
  return { value, ms: performance.now() - began };
}
