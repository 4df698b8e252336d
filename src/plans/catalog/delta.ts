import type { Allowed, RowLimits } from "../../plan-file/index.ts";
import type { ObjectRow } from "./objects/store.ts";
import type { CountRow } from "./store.ts";
import type { Snapshot } from "./snapshot.ts";

export interface ObjectChange {
  readonly object: string;
  readonly change: "added" | "changed" | "replaced" | "dropped";
  readonly before: string | null;
  readonly after: string | null;
}

/** What a step has done: objects, rows, and the sequences that have moved (PLAN-5). */
export interface Delta {
  readonly objects: readonly ObjectChange[];
  readonly rows: Readonly<Record<string, Required<RowLimits>>>;
  readonly sequences: readonly string[];
}

/** Two moments of a transaction, and what may lie between them. */
export interface Held {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly allowed: Allowed;
  readonly forbidden: readonly string[];
  /** What is allowed of rows, exactly. */
  readonly rows: Readonly<Record<string, RowLimits>>;
  /** The sequences that the session has moved. */
  readonly moved: readonly string[];
}

interface Changed {
  readonly delta: Delta;
  readonly faults: readonly string[];
}

/** Ours in the target: what says that a step was done is not the step's to change. */
const gateway =
  /(?:^|[ ."])countersign_(?:fence|run|run_marker|outbox|migrations|migration_checksums|guard_\w+|refuse_change)\b/;

/** How much of a definition is kept: the digest of all of it is in the fingerprint. */
const longest = 4_000;

/** Catalogs whose rows the snapshot shows as objects; a write to any other cannot be measured. */
const shown = new Set(
  `pg_class pg_attribute pg_attrdef pg_constraint pg_index pg_inherits pg_type pg_enum pg_range pg_proc pg_aggregate pg_trigger pg_rewrite pg_policy
   pg_sequence pg_depend pg_shdepend pg_description pg_namespace pg_statistic pg_statistic_ext pg_statistic_ext_data pg_partitioned_table pg_init_privs
   pg_default_acl pg_collation pg_conversion pg_cast pg_operator pg_opclass pg_opfamily  pg_event_trigger pg_extension pg_language
   pg_publication pg_foreign_data_wrapper pg_foreign_server pg_ts_config  pg_ts_dict pg_ts_parser pg_ts_template pg_transform pg_am`
    .split(/\s+/)
    .map((name) => `pg_catalog.${name}`),
);

/**
 * The difference of two snapshots of one transaction, and what of it the step may not do: every object, every row and
 * every sequence is looked at, whether the step's SQL names it or not.
 */
export function judge(held: Held): Changed {
  const { before, after, allowed, forbidden, rows, moved } = held;
  const faults: string[] = [];
  const objects = objectChanges(before, after);
  for (const { row, change } of objects) {
    const name = `${row.type} ${row.identity}`;
    const names = row.of === null ? [name] : [name, `table ${row.of}`];
    if (names.some((one) => gateway.test(one))) faults.push(`${name} is ${change}, and belongs to the gateway`);
    else if (forbids(forbidden, names)) faults.push(`${name} is ${change}, which the step forbids`);
    else if (!covers(allowed.objects ?? [], row)) faults.push(`${name} is ${change}, which the step does not allow`);
  }
  const written = rowChanges(held, faults);
  for (const table of Object.keys(written)) {
    if (gateway.test(table)) faults.push(`${table} was written to, and belongs to the gateway`);
    if (forbids(forbidden, [`table ${table}`])) faults.push(`${table} was written to, which the step forbids`);
  }
  faults.push(...after.foreign.map((name) => `foreign table ${name} was written to, which cannot be measured`));
  // The rows of a table that is dropped are gone with it: that is a change of objects.
  compareRows(
    written,
    Object.fromEntries(Object.entries(rows).filter(([table]) => after.counts.has(table) || !before.counts.has(table))),
    faults,
  );
  compareSizes(before, after, written, faults);
  faults.push(...judgeSequences(moved, held));
  const delta = {
    objects: objects.map(({ row, change, was, is }) => ({
      object: `${row.type} ${row.identity}`,
      change,
      before: was?.slice(0, longest).toWellFormed() ?? null,
      after: is?.slice(0, longest).toWellFormed() ?? null,
    })),
    rows: written,
    sequences: moved,
  };
  return { delta, faults };
}

interface Found {
  readonly row: ObjectRow;
  readonly change: ObjectChange["change"];
  readonly was: string | undefined;
  readonly is: string | undefined;
}

function objectChanges(before: Snapshot, after: Snapshot): Found[] {
  const names = [...new Set([...before.objects.keys(), ...after.objects.keys()])].sort();
  return names.flatMap((name) => {
    const was = before.objects.get(name);
    const is = after.objects.get(name);
    const row = is ?? was;
    const same = was?.definition === is?.definition;
    if (row === undefined || (same && was?.version === is?.version)) return [];
    const change = was === undefined ? "added" : is === undefined ? "dropped" : same ? "replaced" : "changed";
    return [{ row, change, was: was?.definition, is: is?.definition } as const];
  });
}

/** Whether an allowed pattern names the object, or the table that it comes with. */
export function covers(
  patterns: readonly string[],
  row: Pick<ObjectRow, "type" | "identity" | "of" | "implied">,
): boolean {
  const names = [`${row.type} ${row.identity}`, ...(row.implied && row.of !== null ? [`table ${row.of}`] : [])];
  return names.some((name) => patterns.some((pattern) => matches(pattern, name)));
}

/** `*` stands for any characters; all else for itself. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}

function forbids(forbidden: readonly string[], names: readonly string[]): boolean {
  return forbidden.some((pattern) => names.some((name) => matches(pattern, name)));
}

function rowChanges({ before, after, allowed }: Held, faults: string[]): Record<string, Required<RowLimits>> {
  const rows: Record<string, Required<RowLimits>> = {};
  for (const [table, is] of after.counts) {
    const was = before.counts.get(table);
    const changed = difference(was, is);
    const any = changed.insert + changed.update + changed.delete > 0;
    if (table.startsWith("pg_catalog.")) {
      if (any && !shown.has(table)) faults.push(`${table} was written to, which cannot be measured`);
      continue;
    }
    if (any) rows[table] = changed;
    if (was === undefined || was.file === is.file) continue;
    // Where the table itself may change and its rows are counted, a new file is how PostgreSQL changes it.
    const may = after.sizes.has(table) && (allowed.objects ?? []).some((pattern) => matches(pattern, `table ${table}`));
    const rebuilt =
      before.objects.get(`table ${table}`)?.definition !== after.objects.get(`table ${table}`)?.definition;
    if (!may || !rebuilt) faults.push(`table ${table} was truncated or rewritten, so its rows cannot be counted`);
  }
  return rows;
}

/**
 * The counters go on counting what a savepoint has taken back, so a step could say more than it did: the rows that are
 * there have the last word (PLAN-5).
 */
function compareSizes(
  before: Snapshot,
  after: Snapshot,
  written: Readonly<Record<string, Required<RowLimits>>>,
  faults: string[],
): void {
  for (const [table, size] of after.sizes) {
    const { insert = 0, delete: removed = 0 } = written[table] ?? {};
    const grown = size - (before.sizes.get(table) ?? 0);
    if (insert - removed === grown) continue;
    faults.push(
      `${table} has ${grown} rows more, and ${insert} were inserted and ${removed} deleted: some were taken back`,
    );
  }
}

function difference(was: CountRow | undefined, is: CountRow): Required<RowLimits> {
  const by = (name: "inserted" | "updated" | "deleted"): number => Number(is[name]) - Number(was?.[name] ?? 0);
  return { insert: by("inserted"), update: by("updated"), delete: by("deleted") };
}

function compareRows(
  written: Readonly<Record<string, Required<RowLimits>>>,
  rows: Readonly<Record<string, RowLimits>>,
  faults: string[],
): void {
  for (const table of new Set([...Object.keys(written), ...Object.keys(rows)])) {
    const was = written[table] ?? { insert: 0, update: 0, delete: 0 };
    const may = { insert: 0, update: 0, delete: 0, ...rows[table] };
    for (const kind of ["insert", "update", "delete"] as const) {
      if (was[kind] !== may[kind]) faults.push(`${table}: ${was[kind]} rows by ${kind}, and ${may[kind]} are allowed`);
    }
  }
}

/** No ROLLBACK takes a sequence back: one that moved and may not is a fault, and stays moved (PLAN-10). */
export function judgeSequences(
  moved: readonly string[],
  { before, after, allowed, rows }: Pick<Held, "before" | "after" | "allowed" | "rows">,
): string[] {
  return moved.flatMap((sequence) => {
    const of = after.sequences.get(sequence)?.of ?? null;
    const own =
      of !== null && (of in rows || (allowed.objects ?? []).some((pattern) => matches(pattern, `table ${of}`)));
    if (own || !before.sequences.has(sequence) || (allowed.sequences ?? []).includes(sequence)) return [];
    return [`sequence ${sequence} has moved, which the step does not allow and no ROLLBACK takes back`];
  });
}
