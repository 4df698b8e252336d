import { sqlState, type Tx } from "../../database/index.ts";
import { readAsTheRole, readPlainly } from "./settings/store.ts";

export interface RowsRow {
  count: string;
  digest: string;
}

/** How many rows a table has, and a digest of what they say; undefined where there is no such table. */
export async function readRows(target: Tx, table: string): Promise<RowsRow | undefined> {
  const { rows: known } = await target.query(
    "SELECT FROM pg_catalog.pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')",
    [table],
  );
  if (known.length === 0) return undefined;
  await readPlainly(target);
  const { rows } = await target.query<RowsRow>(
    `SELECT count(*) AS count, encode(sha256(convert_to(coalesce(string_agg(digest, '' ORDER BY digest COLLATE "C"), ''), 'UTF8')), 'hex') AS digest
       FROM (SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS digest FROM ${quoted(table)} AS t) AS digests`,
  );
  await readAsTheRole(target);
  return rows[0];
}

/** A table's name, `schema.name`, as SQL has it. */
export function quoted(table: string): string {
  return table
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}

export interface CountRow {
  table: string;
  inserted: string;
  updated: string;
  deleted: string;
  /** The file that it lies in: another one where it was rewritten or truncated. */
  file: string | null;
}

/** What this transaction has written to each table so far, PostgreSQL's own included (PLAN-5). */
export async function readCounts(target: Tx): Promise<CountRow[]> {
  const { rows } = await target.query<CountRow>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS table, pg_stat_get_xact_tuples_inserted(c.oid) AS inserted, pg_stat_get_xact_tuples_updated(c.oid) AS updated,
            pg_stat_get_xact_tuples_deleted(c.oid) AS deleted, pg_relation_filenode(c.oid)::text AS file
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'pg_toast'`,
  );
  return rows;
}

/** Whether the target counts rows at all: where it does not, nothing that a step writes could be measured. */
export async function countsRows(target: Tx): Promise<boolean> {
  const { rows } = await target.query<{ counts: boolean }>(
    "SELECT pg_catalog.current_setting('track_counts')::boolean AS counts",
  );
  return rows[0]?.counts === true;
}

/** Foreign tables that this transaction has written to: nobody counts their rows, but the locks speak. */
export async function foreignWrites(target: Tx): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    `SELECT DISTINCT format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind = 'f' AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')`,
  );
  return rows.map(({ name }) => name);
}

/** From here on, `currval` answers only for sequences that this session has moved. */
export async function forgetSequences(target: Tx): Promise<void> {
  await target.query("DISCARD SEQUENCES");
}

/** Whether this session itself has moved the sequence: others move it as they like. */
export async function hasMoved(target: Tx, sequence: string): Promise<boolean> {
  try {
    await target.savepoint(() => target.query("SELECT currval($1::regclass)", [sequence]));
    return true;
  } catch (error) {
    if (sqlState(error) === "55000") return false;
    throw error;
  }
}

/** How many rows each of the tables has that are there. */
export async function countRows(target: Tx, tables: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const table of tables) {
    const { rows: known } = await target.query("SELECT FROM pg_catalog.pg_class WHERE oid = to_regclass($1)", [
      quoted(table),
    ]);
    if (known.length === 0) continue;
    const { rows } = await target.query<{ count: string }>(`SELECT count(*) AS count FROM ${quoted(table)}`);
    counts.set(table, Number(rows[0]?.count ?? 0));
  }
  return counts;
}

/** A sequence that nobody has used yet stands somewhere too; PostgreSQL says where since version 18. */
const lastValue = {
  since18:
    "(SELECT d.last_value || CASE WHEN d.is_called THEN '' ELSE ' unused' END FROM pg_get_sequence_data(c.oid) AS d)",
  before: "pg_sequence_last_value(c.oid)::text",
} as const;

/** Where each sequence stands: it moves in spite of a ROLLBACK, so it is reported and compared with nothing (PLAN-10). */
export async function readSequences(
  target: Tx,
): Promise<{ sequence: string; of: string | null; value: string | null }[]> {
  const { rows: known } = await target.query("SELECT WHERE to_regproc('pg_catalog.pg_get_sequence_data') IS NOT NULL");
  const value = known.length > 0 ? lastValue.since18 : lastValue.before;
  const { rows } = await target.query<{ sequence: string; of: string | null; value: string | null }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS sequence, ${value} AS value,
            (SELECT format('%I.%I', m.nspname, r.relname) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class r ON r.oid = d.refobjid JOIN pg_catalog.pg_namespace m ON m.oid = r.relnamespace
              WHERE (d.classid, d.objid) = ('pg_catalog.pg_class'::regclass, c.oid) AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS of
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'S' AND (has_sequence_privilege(c.oid, 'SELECT') OR has_sequence_privilege(c.oid, 'USAGE'))`,
  );
  return rows;
}
