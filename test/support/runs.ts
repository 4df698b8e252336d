import { setTimeout as pause } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import pg from "pg";
import { expectStatus, mintGrant, approvalRequest } from "./flow.ts";
import { type Pattern, useDatabase } from "./cluster.ts";
import { mintActive, sovereignRequest, type TestKey } from "./commit.ts";
import type { Answer, CallOptions, Owner, Service } from "./service.ts";

/** A target database of a test's own. */
export interface Target {
  readonly url: string;
  readonly superUrl: string;
  query<Row extends object = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** @param pattern what it is a copy of, where it is not to be empty */
export async function useTarget(t: Owner, pattern?: Pattern): Promise<Target> {
  const names = await useDatabase(t, { migrated: false, pattern });
  return { url: names.ownerUrl, superUrl: names.superUrl, query: (text, values) => ask(names.superUrl, text, values) };
}

/** One statement over a connection of its own. */
export async function ask<Row extends object>(url: string, text: string, values?: readonly unknown[]): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row & pg.QueryResultRow>(text, values === undefined ? undefined : [...values])).rows;
  } finally {
    await client.end();
  }
}

export interface Entry {
  readonly operation_code: string;
  readonly protocol_version: string;
  readonly description: string;
}

export function manifest(count = 12): { entries: Entry[] } {
  const entries = Array.from({ length: count }, (_, number) => ({
    operation_code: `op.n${String(number).padStart(5, "0")}`,
    protocol_version: "1",
    description: `Operation ${number}.`,
  }));
  return { entries };
}

/** What the service says the digests of an input are. */
export async function digestsOf(service: Service, input: unknown, build = "c1-vocabulary") {
  const answer = await expectStatus(
    service.call("POST", `/v1/builds/${build}/digests`, { as: "requester", body: { input } }),
    200,
  );
  const { manifest_digest, schema_digest } = answer.body as unknown as Record<
    "manifest_digest" | "schema_digest",
    string
  >;
  return { manifest_digest, schema_digest };
}

/** The bindings of a run of the example plan. */
export function runBindings(
  digests: { manifest_digest: string; schema_digest: string },
  changes: Record<string, unknown> = {},
) {
  return {
    mode: "dry-run",
    carrier: "C1",
    plan_id: "LEGO1-C1-CANOPVOCAB-PLAN",
    plan_revision: "3",
    ...digests,
    environment: "rehearsal",
    executor: "c1-builder",
    action_set: ["staging_consume"],
    rollback_plan_ref: "DOT_C1_ROLLBACK_CHECK",
    ...changes,
  };
}

export interface Prepared {
  readonly root: string;
  readonly authCode: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Approves and mints a dry-run grant for an input. @returns what starts the run */
export async function prepareDryRun(service: Service, input: unknown = { manifest: manifest() }): Promise<Prepared> {
  const digests = await digestsOf(service, input);
  const authCode = await mintGrant(service, approvalRequest({}, digests));
  const root = `rehearsal-${randomUUID()}`;
  const body = {
    idempotency_root: root,
    build: "c1-vocabulary",
    auth_code: authCode,
    bindings: runBindings(digests),
    input,
  };
  return { root, authCode, body };
}

/** The same for a commit-mode grant, signed. */
export async function prepareCommit(
  service: Service,
  input: unknown = { manifest: manifest() },
  options: { action?: Record<string, unknown>; key?: TestKey; root?: string } = {},
): Promise<Prepared & { key: TestKey }> {
  const digests = await digestsOf(service, input);
  const request = sovereignRequest({}, { ...digests, ...options.action });
  const { authCode, key } = await mintActive(service, request, options.key);
  const root = options.root ?? `run-${randomUUID()}`;
  const environment = (options.action?.["environment"] as string | undefined) ?? "staging";
  const bindings = runBindings(digests, { mode: "commit", environment });
  const body = { idempotency_root: root, build: "c1-vocabulary", auth_code: authCode, bindings, input };
  return { root, authCode, body, key };
}

export function startRun(
  service: Service,
  prepared: Pick<Prepared, "body">,
  options: CallOptions = {},
): Promise<Answer> {
  return service.call("POST", "/v1/runs", { as: "c1-builder", body: prepared.body, ...options });
}

export interface RunView {
  readonly status: string;
  readonly state: string;
  readonly last_ok_state: string | null;
  readonly stop_state: string | null;
  readonly error: { code: string; detail: string } | null;
  readonly states: readonly {
    state: string;
    status: string;
    attempts: number;
    error: { code: string } | null;
    detail: Record<string, unknown>;
  }[];
  readonly compensations: readonly {
    state: string;
    compensation: string;
    status: string;
    attempts: number;
    detail: Record<string, unknown>;
  }[];
  readonly rehearsal_ref: string | null;
  readonly rehearsal: { passed: boolean; fingerprint: string; content: Record<string, unknown> } | null;
  readonly lease: { name: string; fencing_token: number } | null;
  readonly outcome: Record<string, unknown> | null;
  readonly stop_request: { running: string } | null;
}

export async function readRun(service: Service, root: string): Promise<RunView> {
  const answer = await expectStatus(
    service.call("GET", `/v1/runs/${encodeURIComponent(root)}`, { as: "auditor" }),
    200,
  );
  return answer.body as unknown as RunView;
}

/** Waits until the run is as asked. @throws Error with the run when that does not come in time */
export async function untilRun(
  service: Service,
  root: string,
  holds: (run: RunView) => boolean = (run) => run.status === "succeeded" || run.status === "stopped",
  seconds = 30,
): Promise<RunView> {
  const began = performance.now();
  for (;;) {
    const run = await readRun(service, root);
    if (holds(run)) return run;
    const waited = performance.now() - began;
    if (waited > seconds * 1_000) throw new Error(`the run is not as expected: ${JSON.stringify(run)}`);
    // not a sleep: the pause between two looks at a condition, which are not to take the time of what is looked at
    await pause(Math.min(150, 25 + waited / 10));
  }
}
