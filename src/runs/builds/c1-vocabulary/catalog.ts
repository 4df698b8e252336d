import { readFileSync } from "node:fs";
import type { Tx } from "../../../database/index.ts";
import { digestOf } from "../../../kernel/json.ts";
import { collectionExists, contentDigests, readCatalog, readOwnership, standingRows, touchedRows } from "./store.ts";

/** What the DDL beside it makes, read from the catalog once and kept: it is approved by its digest. */
const expectedFile = new URL("../../../../migrations/builds/c1-vocabulary.catalog.json", import.meta.url);

let expected: string | undefined;

/** The `schema_digest` of the build: of the schema as it must be. */
export function expectedSchemaDigest(): string {
  expected ??= digestOf(JSON.parse(readFileSync(expectedFile, "utf8")));
  return expected;
}

/** The digest of the schema as it is; undefined where there is none. */
export async function liveSchemaDigest(target: Tx): Promise<string | undefined> {
  const catalog = await readCatalog(target);
  return catalog === undefined ? undefined : digestOf(catalog);
}

/** All that the build names: the catalog with owners and privileges, and every row but for times (OPEN-1, PLAN-10). */
export async function fingerprint(target: Tx): Promise<string> {
  if (!(await collectionExists(target))) return digestOf({ c1: null });
  const catalog = await readCatalog(target);
  const ownership = await readOwnership(target);
  const complete = isWhole(catalog);
  return digestOf({ catalog, ownership, content: complete ? await contentDigests(target) : null });
}

/** The same before a build and after its compensation: no table and an empty, retired collection stand for the same. */
export async function standing(target: Tx): Promise<string> {
  const whole = (await collectionExists(target)) && isWhole(await readCatalog(target));
  const rows = whole ? await standingRows(target) : undefined;
  const nothing = rows === undefined || (Array.isArray(rows) && rows[0] === null && isEmptyDigest(rows[1]));
  return digestOf(nothing ? null : rows);
}

function isEmptyDigest(digest: unknown): boolean {
  return Array.isArray(digest) && digest[0] === 0;
}

/** Whether every table is there that the rows are read from: a schema that was tampered with may lack one. */
function isWhole(catalog: unknown): boolean {
  const tables = Object.keys((catalog as { tables: object }).tables);
  return ["collection", "field", "table_registry", "operation_vocabulary", "audit", "build_evidence"].every((name) =>
    tables.includes(name),
  );
}

interface Baseline {
  readonly objects: readonly string[];
  readonly touched: Awaited<ReturnType<typeof touchedRows>>;
}

export async function baseline(target: Tx): Promise<Baseline> {
  return { objects: objectsOf(await readCatalog(target)), touched: await touchedRows(target) };
}

/** Objects made and rows changed since the baseline, in this transaction. */
export async function delta(target: Tx, before: unknown) {
  const from = before as Baseline;
  const objects = objectsOf(await readCatalog(target));
  const touched = await touchedRows(target);
  const rows = touched.map((now) => {
    const then = from.touched.find((one) => one.table === now.table);
    return {
      table: now.table,
      inserted: now.inserted - (then?.inserted ?? 0),
      updated: now.updated - (then?.updated ?? 0),
      deleted: now.deleted - (then?.deleted ?? 0),
    };
  });
  return {
    objects: {
      created: objects.filter((name) => !from.objects.includes(name)),
      dropped: from.objects.filter((name) => !objects.includes(name)),
    },
    rows: rows.filter((row) => row.table.startsWith("c1.") && row.inserted + row.updated + row.deleted > 0),
    elsewhere: rows.filter((row) => !row.table.startsWith("c1.") && !row.table.startsWith("public.countersign_")),
  };
}

function objectsOf(catalog: unknown): string[] {
  if (catalog === undefined) return [];
  const { tables, functions } = catalog as { tables: object; functions: object };
  return [
    ...Object.keys(tables).map((name) => `table c1.${name}`),
    ...Object.keys(functions).map((name) => `function c1.${name}`),
  ].sort();
}
