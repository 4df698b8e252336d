import { readFile } from "node:fs/promises";
import pg from "pg";
import { parse } from "yaml";
import type { Test } from "tap";
import type { Evidence, NegativeTest, Plan, SqlStep, Step } from "../../src/plan-file/index.ts";
import { useTarget } from "../support/runs.ts";

const plans = new URL("../../plans/", import.meta.url);

export function readPlanSource(name: string): Promise<string> {
  return readFile(new URL(name, plans), "utf8");
}

/** A shipped plan as YAML has it; whether its schema takes it is a test of its own. */
export async function readPlan(name: string): Promise<Plan> {
  return parse(await readPlanSource(name)) as Plan;
}

/** A session that ends with the test. */
export async function connect(t: Test, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** A session with a fresh target, as its owner, with the fixture of a plan in it. */
export async function useFixture(t: Test, fixture: URL): Promise<pg.Client> {
  const client = await connect(t, (await useTarget(t)).url);
  await client.query(await readFile(fixture, "utf8"));
  return client;
}

export const phase1Fixture = new URL("fixtures/phase-1.sql", plans);

/** In a transaction with the timeouts of PLAN-4; names find nothing but the catalog. */
export async function inTransaction<T>(client: pg.Client, end: "COMMIT" | "ROLLBACK", work: () => Promise<T>) {
  await client.query(`BEGIN; SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '3s';
                      SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL search_path = pg_catalog, pg_temp`);
  try {
    const result = await work();
    await client.query(end);
    return result;
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

/** The one value of a SELECT, as JSON. */
export async function valueOf(client: pg.Client, sql: string): Promise<unknown> {
  const found = await client.query<{ value: unknown }>(`SELECT to_jsonb(v) AS value FROM (${sql}) AS answer (v)`);
  if (found.rows.length !== 1) throw new Error(`${found.rows.length} rows: ${sql}`);
  return found.rows[0]?.value;
}

/** What is compared later: the values of evidence that is relative to them. */
export async function valuesBefore(client: pg.Client, evidence: readonly Evidence[]): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const { name, sql, expect } of evidence) if (!("equals" in expect)) values.set(name, await valueOf(client, sql));
  return values;
}

/** Holds each piece of evidence against what it expects. */
export async function showEvidence(
  t: Test,
  client: pg.Client,
  evidence: readonly Evidence[],
  before: ReadonlyMap<string, unknown>,
) {
  for (const { name, sql, expect } of evidence) {
    const value = await valueOf(client, sql);
    if ("equals" in expect) t.same(value, expect.equals, name);
    else if ("plus" in expect) t.equal(value, Number(before.get(name)) + expect.plus, name);
    else t.same(value, before.get(name), name);
  }
}

/** What of the step's stop conditions is true. */
export async function stopsAt(client: pg.Client, step: Step, at: "before" | "after"): Promise<string[]> {
  const stops: string[] = [];
  if (step.kind === "record") return stops;
  for (const stop of step.stop ?? []) {
    if (stop.at !== undefined && stop.at !== at) continue;
    const value = await valueOf(client, stop.sql);
    if (typeof value !== "boolean") throw new Error(`not a boolean: ${stop.name}`);
    if (value) stops.push(stop.name);
  }
  return stops;
}

/** How PostgreSQL refuses a statement, if it does. */
export function refusalOf(client: pg.Client, sql: string): Promise<pg.DatabaseError | undefined> {
  return client.query(sql).then(
    () => undefined,
    (error: unknown) => error as pg.DatabaseError,
  );
}

/** Tries what must be refused; nothing of it stays. */
export async function tryNegatives(t: Test, client: pg.Client, negatives: readonly NegativeTest[]) {
  for (const { name, sql, refused_with } of negatives) {
    await client.query("SAVEPOINT negative");
    const refusal = await refusalOf(client, sql);
    await client.query("ROLLBACK TO SAVEPOINT negative");
    t.match({ sqlstate: refusal?.code, constraint: refusal?.constraint }, refused_with, name);
  }
}

/** Relations, functions and triggers of schema public with their definitions; an index behind a constraint is its table's. */
export async function objectsOf(client: pg.Client): Promise<Map<string, string>> {
  const found = await client.query<{ name: string; definition: string }>(`
    SELECT format('%s %s', i.type, i.identity) AS name, o.definition
      FROM (SELECT 'pg_class'::regclass, c.oid,
                   concat(pg_get_indexdef(c.oid), CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END,
                     (SELECT jsonb_agg(jsonb_build_array(a.attname, a.atttypid::regtype::text, a.attnotnull) ORDER BY a.attnum)
                        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
                     (SELECT jsonb_agg(pg_get_constraintdef(k.oid) ORDER BY k.conname) FROM pg_constraint k WHERE k.conrelid = c.oid))
              FROM pg_class c
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'i')
               AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid, pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            UNION ALL
            SELECT 'pg_trigger'::regclass, g.oid, concat(pg_get_triggerdef(g.oid), g.tgenabled) FROM pg_trigger g WHERE NOT g.tgisinternal
           ) AS o (class, oid, definition),
           LATERAL pg_identify_object(o.class, o.oid, 0) AS i`);
  return new Map(found.rows.map(({ name, definition }) => [name, definition]));
}

/** Objects that are in one of the two only, or differ. */
export function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

type Writes = Record<string, { insert?: number; update?: number; delete?: number }>;

/** The writes of this session to each table, so far. */
async function writesOf(client: pg.Client): Promise<Map<string, readonly [number, number, number]>> {
  const found = await client.query<{ name: string; counts: [number, number, number] }>(`
    SELECT format('%s.%s', schemaname, relname) AS name, jsonb_build_array(n_tup_ins, n_tup_upd, n_tup_del) AS counts
      FROM pg_stat_xact_user_tables`);
  return new Map(found.rows.map(({ name, counts }) => [name, counts]));
}

/** Runs a step's SQL. @returns the rows that it wrote, as `allowed.rows` has them */
export async function writesDuring(client: pg.Client, sql: string): Promise<Writes> {
  const before = await writesOf(client);
  await client.query(sql);
  const writes: Writes = {};
  for (const [name, counts] of await writesOf(client)) {
    const [insert, update, remove] = counts.map((count, index) => count - (before.get(name)?.[index] ?? 0));
    const written = { ...(insert && { insert }), ...(update && { update }), ...(remove && { delete: remove }) };
    if (Object.keys(written).length > 0) writes[name] = written;
  }
  return writes;
}

/** Runs the step in an open transaction and holds what it did against what it says. */
export async function playStep(t: Test, client: pg.Client, step: SqlStep): Promise<void> {
  const before = await valuesBefore(client, step.evidence);
  t.same(await stopsAt(client, step, "before"), [], "nothing stops it before");
  const entry = await objectsOf(client);
  t.same(await writesDuring(client, step.sql), step.allowed.rows ?? {}, "just the rows that are allowed");
  t.same(difference(entry, await objectsOf(client)), [...(step.allowed.objects ?? [])].sort(), "just those objects");
  await client.query("SET CONSTRAINTS ALL IMMEDIATE");
  t.same(await stopsAt(client, step, "after"), [], "nothing stops it after");
  await showEvidence(t, client, step.evidence, before);
  await tryNegatives(t, client, step.negative ?? []);
  await showEvidence(t, client, step.evidence, before);
}

/** Runs the step's rollback in an open transaction and holds what it did against what it says. */
export async function playRollback(t: Test, client: pg.Client, { rollback }: SqlStep): Promise<void> {
  const before = await valuesBefore(client, rollback.evidence);
  t.same(await writesDuring(client, rollback.sql), rollback.rows ?? {}, "just the rows that the rollback may touch");
  await client.query("SET CONSTRAINTS ALL IMMEDIATE");
  await showEvidence(t, client, rollback.evidence, before);
}
