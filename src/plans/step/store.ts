import type { Tx } from "../../database/index.ts";
import { limitStatements } from "../catalog/settings/store.ts";
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
  await limitStatements(target, statementMs);
  await target.query(
    `SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $2, true),
            set_config('standard_conforming_strings', 'on', true), set_config('check_function_bodies', 'on', true)`,
    [`${lockMs}ms`, `${idleMs}ms`],
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

/**
 * Who the session is, which transaction it is in, all that is set in it, and what it keeps beyond a savepoint or a commit: a
 * step changes nothing of that.
 */
export async function readSession(target: Tx): Promise<string> {
  const { rows } = await target.query<{ session: string }>(
    `SELECT jsonb_build_array(current_user, session_user, pg_current_xact_id()::text,
              (SELECT jsonb_agg(name || '=' || setting ORDER BY name) FROM pg_catalog.pg_settings WHERE source = 'session'),
              (SELECT count(*) FROM pg_catalog.pg_cursors WHERE is_holdable),
              (SELECT count(*) FROM pg_catalog.pg_prepared_statements WHERE from_sql),
              (SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
              (SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_my_temp_schema()),
              (SELECT count(*) FROM pg_catalog.pg_listening_channels()))::text AS session`,
  );
  return rows[0]?.session ?? "";
}

/** How many rows this transaction has written so far, wherever. */
export async function writesSoFar(target: Tx): Promise<string> {
  const { rows } = await target.query<{ writes: string }>(
    `SELECT sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid)) AS writes
       FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'm')`,
  );
  return rows[0]?.writes ?? "0";
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
       FROM pg_catalog.pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND NOT (application_name LIKE 'countersign%' AND usename = current_user)`,
  );
  return rows[0] ?? { idle: 0, unseen: 0 };
}

/** Runs one statement of the plan, as it stands there. */
export async function runStatement(target: Tx, statement: string): Promise<void> {
  await target.query(statement);
}

/**
 * What one SELECT of the plan answers, as JSON: its rows, each with its columns. A number of more digits than JavaScript keeps
 * is its text.
 */
export async function askRows(target: Tx, question: string): Promise<Record<string, unknown>[]> {
  const { rows } = await target.query<{ answer: Record<string, unknown> }>(
    `SELECT (SELECT jsonb_object_agg(key, CASE WHEN jsonb_typeof(value) = 'number' AND length(regexp_replace(value::text, '[^0-9]', '', 'g')) > 15
                                               THEN to_jsonb(value::text) ELSE value END)
               FROM jsonb_each(to_jsonb(countersign_answer))) AS answer FROM (\n${question}\n) AS countersign_answer LIMIT 2`,
  );
  return rows.map(({ answer }) => answer);
}

/** What a table is copied by: the columns that can be put back, of its own rows and not those of tables that inherit from it. */
export async function wholeTable(target: Tx, table: string): Promise<{ columns: string[]; query: string }> {
  const { rows } = await target.query<{ columns: string[]; alone: boolean }>(
    `SELECT array_agg(a.attname::text ORDER BY a.attnum) AS columns, c.relkind = 'r' AS alone
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
      WHERE c.oid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' GROUP BY c.relkind`,
    [quoted(table)],
  );
  const { columns = [], alone = true } = rows[0] ?? {};
  const named = columns.map((name) => `"${name.replaceAll('"', '""')}"`).join(", ");
  return { columns, query: `SELECT ${named} FROM ${alone ? "ONLY " : ""}${quoted(table)}` };
}

/** Shows the server that the session is alive. */
export async function giveSign(target: Tx): Promise<void> {
  await target.query("SELECT");
}

/** For whoever wants to see what this transaction sees. */
export async function exportSnapshot(target: Tx): Promise<string> {
  const { rows } = await target.query<{ snapshot: string }>("SELECT pg_export_snapshot() AS snapshot");
  return rows[0]?.snapshot ?? "";
}

/** Of the tables named, those that are there. */
export async function presentTables(target: Tx, tables: readonly string[]): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    "SELECT name FROM unnest($1::text[]) AS name JOIN pg_catalog.pg_class c ON c.oid = to_regclass(name) AND c.relkind IN ('r', 'p') ORDER BY name",
    [tables],
  );
  return rows.map(({ name }) => name);
}
