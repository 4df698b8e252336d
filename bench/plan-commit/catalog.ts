import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { openDatabase, type Tx } from "../../src/database/index.ts";
import { fingerprintOf, takeSnapshot } from "../../src/plans/catalog/snapshot.ts";
import { readObjects } from "../../src/plans/catalog/objects/store.ts";
import { type Comparison, inRounds, spread } from "../support/results.ts";
import { timed } from "./governed.ts";

const run = promisify(execFile);

/** One thing to be timed; `share` is for the parts of the whole reading. */
interface Probe {
  readonly name: string;
  readonly share?: boolean;
  /** Whether another process does the work than the transaction's backend. */
  readonly elsewhere?: boolean;
  work(tx: Tx): Promise<unknown>;
}

/**
 * Milliseconds of the catalog's fingerprint and snapshot, of others that read a catalog, and of each part of the reading under
 * both, in rounds: each in a transaction of its own.
 */
export async function compareCatalog(
  comparison: Comparison,
  where: string,
  url: string,
  rounds: number,
): Promise<void> {
  const database = openDatabase({ url, poolSize: 1 });
  try {
    const text = await database.transact(readingOf);
    const probes: Probe[] = [
      { name: "fingerprint", work: (tx) => fingerprintOf(tx, { schemas: ["public"], tables: [] }) },
      { name: "snapshot", work: (tx) => takeSnapshot(tx, []) },
      { name: "reading of all objects", work: (tx) => readObjects(tx) },
      { name: "information_schema.columns", work: (tx) => tx.query("SELECT * FROM information_schema.columns") },
      ...(await dumpOf(url)),
      ...partsOf(text),
    ];
    const samples = new Map<Probe, Sample[]>(probes.map((probe) => [probe, []]));
    await inRounds(probes, { rounds }, async (probe, _round, kept) => {
      const sample = await database.transact((tx) => measured(tx, probe));
      if (kept) samples.get(probe)?.push(sample);
    });
    for (const [probe, values] of samples) if (probe.share !== true) addWhole(comparison, where, probe, values);
    addParts(comparison, where, new Map([...samples].filter(([probe]) => probe.share === true)));
  } finally {
    await database.close();
  }
}

function addWhole(comparison: Comparison, where: string, probe: Probe, values: readonly Sample[]): void {
  for (const { ms, cpu } of values) {
    const beside = probe.elsewhere === true || Number.isNaN(cpu) ? {} : { beside: { "backend cpu, ms": cpu } };
    comparison.add({ what: `catalog, ${where}`, who: probe.name, value: ms, ...beside });
  }
}

/** Each part with its share of all the parts of the same round; those that take next to nothing are summed up. */
function addParts(comparison: Comparison, where: string, samples: ReadonlyMap<Probe, readonly Sample[]>): void {
  const parts = [...samples].map(([{ name }, values]) => ({ name, values: values.map(({ ms }) => ms) }));
  const rounds = Math.min(...parts.map(({ values }) => values.length));
  const sums = Array.from({ length: rounds }, (_, round) => sumOf(parts, round));
  const all = spread(sums).median;
  const small = parts.filter(({ values }) => spread(values).median < all * 0.03);
  const shown = parts.filter((part) => !small.includes(part));
  const rest = { name: `${small.length} other parts`, values: sums.map((_, round) => sumOf(small, round)) };
  for (const { name, values } of small.length > 0 ? [...shown, rest] : shown) {
    for (const [round, value] of values.entries()) {
      const share = (100 * value) / (sums[round] as number);
      comparison.add({
        what: `parts of the reading, ${where}`,
        who: name,
        value,
        beside: { "of the reading, %": share },
      });
    }
  }
}

const sumOf = (parts: readonly { readonly values: readonly number[] }[], round: number): number =>
  parts.reduce((sum, { values }) => sum + (values[round] as number), 0);

/** Milliseconds by the clock, and of the processor in PostgreSQL's backend: those hardly depend on who else is at work. */
interface Sample {
  readonly ms: number;
  readonly cpu: number;
}

async function measured(tx: Tx, probe: Probe): Promise<Sample> {
  const { rows } = await tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const before = await cpuOf(rows[0]?.pid);
  const { ms } = await timed(() => probe.work(tx));
  return { ms, cpu: (await cpuOf(rows[0]?.pid)) - before };
}

/** What a process has had of the processor, in milliseconds; NaN where there is no /proc. */
async function cpuOf(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/schedstat`, "utf8").catch(() => "");
  return Number(text.split(" ")[0] || Number.NaN) / 1e6;
}

/** The text of the reading, as it is sent. */
async function readingOf(tx: Tx): Promise<string> {
  let longest = "";
  await readObjects({
    ...tx,
    query: (text, values) => {
      if (text.length > longest.length) longest = text;
      return tx.query(text, values);
    },
  });
  return longest;
}

/** Its parts, one a kind of object, each as a statement that reads every definition and sends none. */
function partsOf(text: string): Probe[] {
  const parts = text.slice(text.indexOf("FROM (") + 6, text.lastIndexOf(") AS o (")).split(" UNION ALL ");
  if (parts.length < 10) throw new Error("the reading is no longer made of parts: see how they are told apart here");
  return parts.map((part) => ({
    name: `part ${kindOf(part)}`,
    share: true,
    work: async (tx) => {
      await tx.query("SET LOCAL search_path TO pg_catalog");
      await tx.query(
        `SELECT count(*), sum(length(identity) + length(definition)) FROM (${part}) AS o (type, identity, schema, of, implied, definition)`,
      );
    },
  }));
}

function kindOf(part: string): string {
  const catalog = /pg_identify_object\('(\w+)'/.exec(part)?.[1];
  if (catalog === undefined) return /SELECT '([^']+)'/.exec(part)?.[1] ?? "unnamed";
  if (catalog !== "pg_class") return catalog;
  return /FROM pg_(sequence|index) /.exec(part)?.[1] ?? "relation";
}

/** Where there is a pg_dump that can talk to the server. */
async function dumpOf(url: string): Promise<Probe[]> {
  const dump = (): Promise<unknown> =>
    run("pg_dump", ["--schema-only", `--dbname=${url}`], { maxBuffer: 2 ** 30, timeout: 60_000 });
  try {
    await dump();
    return [{ name: "pg_dump --schema-only", elsewhere: true, work: dump }];
  } catch {
    return [];
  }
}
