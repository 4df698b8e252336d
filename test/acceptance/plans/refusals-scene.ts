import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Answer, CallOptions, Owner, Service, Stage } from "../../support/service.ts";
import { expectStatus } from "../../support/flow.ts";
import { approve, type Registered, rehearse, stepUrl } from "../../support/plans.ts";
import { anyway, type SmallStep, sqlStep } from "./small-plan.ts";

/** A small target that steps put a row each into. */
export const refusalsFixture = `
  CREATE SCHEMA app;
  CREATE TABLE app.goods (id int PRIMARY KEY, label text);
  INSERT INTO app.goods VALUES (1, 'one');
  CREATE TABLE app.notes (id int PRIMARY KEY, label text);
  CREATE TABLE app.aside (id int PRIMARY KEY, label text);
  CREATE FUNCTION app.answer() RETURNS int LANGUAGE sql AS 'SELECT 42';
  CREATE FUNCTION app.stay() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
  CREATE TRIGGER watch BEFORE UPDATE ON app.aside FOR EACH ROW EXECUTE FUNCTION app.stay();
`;

/** A step that puts one row into a table; its evidence is the row, its rollback takes it away. */
export function rowStep(number: number, changes: Partial<SmallStep> = {}, table = "app.goods") {
  const row = (count: number) => ({
    name: `row ${number}`,
    sql: `SELECT count(*) FROM ${table} WHERE id = ${number * 10}`,
    expect: { equals: count },
  });
  return sqlStep(number, {
    sql: `INSERT INTO ${table} VALUES (${number * 10}, 'made')`,
    allowed: { rows: { [table]: { insert: 1 } } },
    evidence: [row(1)],
    rollback: { mode: "revert", sql: `DELETE FROM ${table} WHERE id = ${number * 10}`, evidence: [row(0)] },
    ...changes,
  });
}

/** A step whose rollback leaves the row and marks it. */
export function retiringStep(number: number) {
  return rowStep(number, {
    rollback: {
      mode: "retire",
      sql: `UPDATE app.goods SET label = 'retired' WHERE id = ${number * 10}`,
      rows: { "app.goods": { update: 1 } },
      evidence: [
        { name: "marked", sql: `SELECT label FROM app.goods WHERE id = ${number * 10}`, expect: { equals: "retired" } },
      ],
    },
  });
}

let roots = 0;
export const freshRoot = (): string => `act-${(roots += 1)}`;

/** Asks for an act, under a root of its own unless it is given one. */
export function attempt(
  service: Service,
  plan: Registered,
  step: number,
  body: Record<string, unknown> = {},
  options: CallOptions & { act?: "commit" | "rollback" | "rehearse" } = {},
): Promise<Answer> {
  const { act = "commit", ...rest } = options;
  return service.call("POST", stepUrl(plan, step, act), {
    as: "c1-builder",
    ...rest,
    body: { idempotency_root: freshRoot(), ...body },
  });
}

/** Rehearses an act and has it approved. @returns the record's code */
export async function recordFor(
  service: Service,
  plan: Registered,
  step: number,
  what: "commit" | "rollback" = "commit",
): Promise<string> {
  const { run } = await rehearse(service, plan, step, what);
  if (run.status !== "succeeded") throw new Error(`rehearsal of step ${step}: ${JSON.stringify(run.error)}`);
  return approve(service, plan, step, run.rehearsal?.rehearsal_ref, what);
}

export interface RecordView {
  readonly status: string;
  readonly idempotency_root: string | null;
  readonly [name: string]: unknown;
}

export async function readRecord(service: Service, code: string): Promise<RecordView> {
  const answer = await expectStatus(service.call("GET", `/v1/proposal-approvals/${code}`, { as: "auditor" }), 200);
  return answer.body as unknown as RecordView;
}

/** What an M-1 record is asked for with. */
export function recordBody({ plan_id, revision, plan_digest }: Registered, step: number, changes: object = {}) {
  return { plan_id, revision, plan_digest, step, act: "commit", reason: "Seen in rehearsal.", ...changes };
}

/** Moves the record's times a day back, as if they had gone by; no role of the service can do that. */
export async function letRecordExpire(stage: Stage, code: string): Promise<void> {
  const client = new pg.Client({ connectionString: stage.names.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN; ALTER TABLE os_proposal_approvals DISABLE TRIGGER guard_plan_approval");
    const moved = "granted_at = granted_at - interval '1 day', expires_at = expires_at - interval '1 day'";
    const { rowCount } = await client.query(`UPDATE os_proposal_approvals SET ${moved} WHERE approval_code = $1`, [
      code,
    ]);
    if (rowCount !== 1) throw new Error(`there is no ${code}`);
    await client.query("ALTER TABLE os_proposal_approvals ENABLE ALWAYS TRIGGER guard_plan_approval; COMMIT");
  } finally {
    await client.end();
  }
}

/** Another session of the target that is ended with the test. */
export async function otherSession(t: Owner, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: "somebody else" });
  await client.connect();
  // Tests end it from outside as well.
  client.on("error", () => undefined);
  t.teardown(() => client.end());
  return client;
}

/** A step of kind `check`, whose evidence always holds. */
export function checkStep(number: number, changes: object = {}) {
  const { step, name, handoff, attestation } = sqlStep(number, { sql: "SELECT 1" });
  return { step, name, kind: "check" as const, evidence: [anyway], handoff, attestation, ...changes };
}

/** Waits until it is so. @throws Error when that does not come within 20 seconds */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    // not a sleep: the pause between two looks at a condition
    await pause(20);
  }
}
