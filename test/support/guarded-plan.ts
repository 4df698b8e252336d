import pg from "pg";
import type { Test } from "tap";
import { type Registered, register, rehearse, setPlace } from "./plans.ts";
import type { InProcess } from "./service.ts";

const always = { name: "one", sql: "SELECT 1", expect: { equals: 1 } };
const everyStep = { handoff: "Go on.", attestation: { no_hardcode: "None.", no_island: "None." } };
const insertRow = {
  ...everyStep,
  kind: "sql",
  allowed: { rows: { "public.t": { insert: 1 } } },
  evidence: [always],
  sql: "INSERT INTO public.t VALUES (1)",
  rollback: { mode: "revert", sql: "DELETE FROM public.t", evidence: [always] },
};

/** A plan with one step of every kind that the guards tell apart. */
export function guardedPlan(revision = "1"): string {
  return JSON.stringify({
    plan: "guarded",
    revision,
    title: "Guarded",
    target: "default",
    schemas: ["public"],
    steps: [
      { ...insertRow, step: 1, name: "plain", records: ["M-1"] },
      { ...everyStep, step: 2, name: "council", kind: "record", records: ["M-1", "C-1"], documents: ["minutes"] },
      { ...everyStep, step: 3, name: "signed", kind: "record", records: ["M-1"], signed: true, documents: ["minutes"] },
      { ...everyStep, step: 4, name: "look", kind: "check", evidence: [always] },
    ],
  });
}

export interface GuardedPlace {
  readonly service: InProcess;
  readonly plan: Registered;
  /** Connections as the app role, as the owner of the tables and as the superuser. */
  readonly app: pg.Client;
  readonly owner: pg.Client;
  readonly root: pg.Client;
  /** A passed rehearsal of the commit of step 1, and its run. */
  readonly rehearsal: string;
  readonly rehearsedBy: string;
}

/** A service with the guarded plan, whose first step has been rehearsed. */
export async function guardedPlace(t: Test): Promise<GuardedPlace> {
  const { service } = await setPlace(t, { fixture: "CREATE TABLE public.t (id int)" });
  const plan = await register(service, guardedPlan());
  const { root, run } = await rehearse(service, plan, 1);
  t.equal(run.status, "succeeded", JSON.stringify(run.error));
  const { appUrl, ownerUrl, superUrl } = service.stage.names;
  return {
    service,
    plan,
    app: await connect(t, appUrl),
    owner: await connect(t, ownerUrl),
    root: await connect(t, superUrl),
    rehearsal: run.rehearsal?.rehearsal_ref ?? "",
    rehearsedBy: root,
  };
}

async function connect(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** What refuses the statements, run in one transaction that is never kept: the constraint, or the SQLSTATE. */
export async function refusedBy(client: pg.Client, ...statements: readonly string[]): Promise<string | undefined> {
  await client.query("BEGIN");
  try {
    for (const sql of statements) await client.query(sql);
    await client.query("SET CONSTRAINTS ALL IMMEDIATE");
    return undefined;
  } catch (error) {
    return error instanceof pg.DatabaseError ? (error.constraint ?? error.code) : "not the database";
  } finally {
    await client.query("ROLLBACK");
  }
}

/** An INSERT of values that are SQL themselves. */
export function insertSql(table: string, row: Readonly<Record<string, string>>): string {
  return `INSERT INTO ${table} (${Object.keys(row).join()}) VALUES (${Object.values(row).join()})`;
}

/** Has an M-1 consumed; a change replaces the SQL of a column. */
export function consumeSql(code: string, changes: Readonly<Record<string, string>> = {}): string {
  const row = {
    status: "'consumed'",
    consumed_at: "clock_timestamp()",
    consumed_by: "'c1-builder'",
    idempotency_root: "'forged'",
    ...changes,
  };
  const set = Object.entries(row).map(([column, value]) => `${column} = ${value}`);
  return `UPDATE os_proposal_approvals SET ${set.join()} WHERE approval_code = '${code}'`;
}
