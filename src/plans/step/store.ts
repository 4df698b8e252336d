import type { Tx } from "../../database/index.ts";
import { quoted } from "../catalog/store.ts";

export interface Timeouts {
  readonly statementMs: number;
  readonly lockMs: number;
  readonly idleMs: number;
}

/**
 * What every transaction of a plan works within (PLAN-4), in milliseconds; and that its SQL means here what the parser took
 * it for.
 */
export async function setTimeouts(target: Tx, { statementMs, lockMs, idleMs }: Timeouts): Promise<void> {
  await target.query(
    `SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
            set_config('idle_in_transaction_session_timeout', $3, true), set_config('standard_conforming_strings', 'on', true),
            set_config('check_function_bodies', 'on', true)`,
    [`${statementMs}ms`, `${lockMs}ms`, `${idleMs}ms`],
  );
}

/** Until the savepoint that it is in is rolled back. */
export async function forbidWrites(target: Tx): Promise<void> {
  await target.query("SET LOCAL transaction_read_only TO on");
}

/** Keeps others from writing to the tables until the transaction ends; they can still be read. */
export async function lockTables(target: Tx, tables: readonly string[]): Promise<void> {
  const there = await presentTables(target, tables);
  if (there.length === 0) return;
  await target.query(`LOCK TABLE ${there.map(quoted).join(", ")} IN SHARE ROW EXCLUSIVE MODE`);
}

/** Who the session is, which transaction it is in, and all that is set in it: a step changes nothing of that. */
export async function readSession(target: Tx): Promise<string> {
  const { rows } = await target.query<{ session: string }>(
    `SELECT jsonb_build_array(current_user, session_user, pg_current_xact_id()::text,
              (SELECT jsonb_agg(name || '=' || setting ORDER BY name) FROM pg_settings WHERE source = 'session'))::text AS session`,
  );
  return rows[0]?.session ?? "";
}

/** Has every deferred constraint and trigger of the transaction happen now, as a commit would (PLAN-10). */
export async function checkConstraints(target: Tx): Promise<void> {
  await target.query("SET CONSTRAINTS ALL IMMEDIATE");
}

/** Sessions on this database that have sat in an open transaction for a second or longer (PLAN-4). */
export async function idleSessions(target: Tx): Promise<{ idle: number; unseen: number }> {
  const { rows } = await target.query<{ idle: number; unseen: number }>(
    `SELECT count(*) FILTER (WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '1 second')::int AS idle,
            count(*) FILTER (WHERE state IS NULL AND backend_type IS NULL)::int AS unseen
       FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name NOT LIKE 'countersign%'`,
  );
  return rows[0] ?? { idle: 0, unseen: 0 };
}

/** Runs one statement of the plan, as it stands there. */
export async function runStatement(target: Tx, statement: string): Promise<void> {
  await target.query(statement);
}

/** What one SELECT of the plan answers, as JSON: its rows, each with its columns. */
export async function askRows(target: Tx, question: string): Promise<Record<string, unknown>[]> {
  const { rows } = await target.query<{ answer: Record<string, unknown> }>(
    `SELECT to_jsonb(answer) AS answer FROM (\n${question}\n) AS answer LIMIT 2`,
  );
  return rows.map(({ answer }) => answer);
}

/** A copy of the whole table in the text form of COPY, for whoever has to put it back. */
export function wholeTable(table: string): string {
  return `SELECT * FROM ${quoted(table)}`;
}

/** Of the tables named, those that are there. */
export async function presentTables(target: Tx, tables: readonly string[]): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    "SELECT name FROM unnest($1::text[]) AS name JOIN pg_class c ON c.oid = to_regclass(name) AND c.relkind IN ('r', 'p') ORDER BY name",
    [tables],
  );
  return rows.map(({ name }) => name);
}
