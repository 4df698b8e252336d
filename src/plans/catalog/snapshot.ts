import type { Tx } from "../../database/index.ts";
import { digestOf } from "../../kernel/json.ts";
import { type ObjectRow, readObjects } from "./objects/store.ts";
import { countRows, type CountRow, foreignWrites, hasMoved, readCounts, readRows, readSequences } from "./store.ts";

/** The target's catalog and this transaction's writes, at one moment of it. */
export interface Snapshot {
  readonly objects: ReadonlyMap<string, ObjectRow>;
  readonly counts: ReadonlyMap<string, CountRow>;
  readonly sequences: ReadonlyMap<string, { readonly value: string | null; readonly of: string | null }>;
  /** How many rows the tables have whose rows may change. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Foreign tables that were written to. */
  readonly foreign: readonly string[];
}

type Sequences = Snapshot["sequences"];

/** Of the whole database: what a step has changed is looked for everywhere (PLAN-5). */
export async function takeSnapshot(target: Tx, tables: readonly string[]): Promise<Snapshot> {
  const objects = await readObjects(target);
  const counts = await readCounts(target);
  return {
    objects: new Map(objects.map((row) => [nameOf(row), row])),
    counts: new Map(counts.map((row) => [row.table, row])),
    sequences: await whereSequencesStand(target),
    sizes: await countRows(target, tables),
    foreign: await foreignWrites(target),
  };
}

export async function whereSequencesStand(target: Tx): Promise<Sequences> {
  const sequences = await readSequences(target);
  return new Map(sequences.map(({ sequence, ...rest }) => [sequence, rest]));
}

/**
 * The sequences that this session has moved between the two, and none that only others have (PLAN-10). One that stands
 * elsewhere and unused was set: no `nextval` does that.
 */
export async function movedSequences(target: Tx, before: Sequences, after: Sequences): Promise<string[]> {
  const moved: string[] = [];
  for (const [sequence, { value }] of after) {
    const was = before.get(sequence)?.value ?? null;
    if (was === value) continue;
    const set = value === null || value.endsWith("unused");
    if (set || (await hasMoved(target, sequence))) moved.push(sequence);
  }
  return moved;
}

/** `<type> <identity>`, as patterns name it. */
export function nameOf({ type, identity }: Pick<ObjectRow, "type" | "identity">): string {
  return `${type} ${identity}`;
}

/** What a fingerprint covers: the objects of the plan's schemas, and the content of the tables that the step names. */
export interface Scope {
  readonly schemas: readonly string[];
  readonly tables: readonly string[];
}

/**
 * A digest of the objects in the scope with all their attributes, and of the rows of its tables (PLAN-3, PLAN-10). Where
 * sequences stand is no part of it.
 * @param snapshot of this moment, where it has just been taken: it has the same objects
 */
export async function fingerprintOf(target: Tx, scope: Scope, snapshot?: Snapshot): Promise<string> {
  const objects = snapshot === undefined ? await readObjects(target, scope.schemas) : within(snapshot, scope);
  const tables: Record<string, unknown> = {};
  for (const table of scope.tables) tables[table] = (await readRows(target, table)) ?? null;
  return digestOf({ objects: objects.map((row) => [row.type, row.identity, row.definition]), tables });
}

function within(snapshot: Snapshot, { schemas }: Scope): ObjectRow[] {
  return [...snapshot.objects.values()].filter(({ schema }) => schema !== null && schemas.includes(schema));
}
