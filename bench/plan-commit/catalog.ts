import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import os from "node:os";
import { promisify } from "node:util";
import { openDatabase, type Tx } from "../../src/database/index.ts";
import { fingerprintOf, takeSnapshot } from "../../src/plans/catalog/snapshot.ts";
import { readObjects } from "../../src/plans/catalog/objects/store.ts";
import { spread } from "../support/results.ts";
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
 * Milliseconds of the catalog's fingerprint and snapshot, of each part of the reading under both, and of others that read a
 * catalog: rounds of all in turn, in one transaction each.
 */
export async function catalogRows(where: string, url: string, rounds: number): Promise<object[]> {
  const database = openDatabase({ url, poolSize: 1 });
  try {
    const text = await database.transact(readingOf);
    const probes: Probe[] = [
      { name: "reading of all objects", work: (tx) => readObjects(tx) },
      { name: "snapshot", work: (tx) => takeSnapshot(tx, []) },
      { name: "fingerprint", work: (tx) => fingerprintOf(tx, { schemas: ["public"], tables: [] }) },
      { name: "information_schema.columns", work: (tx) => tx.query("SELECT * FROM information_schema.columns") },
      ...(await dumpOf(url)),
      ...partsOf(text),
    ];
    const samples = new Map<Probe, Sample[]>(probes.map((probe) => [probe, []]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const probe of probes) {
        const sample = await database.transact((tx) => measured(tx, probe));
        if (round > 0) samples.get(probe)?.push(sample);
      }
    }
    return rowsOf(where, samples);
  } finally {
    await database.close();
  }
}

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

function rowsOf(where: string, samples: ReadonlyMap<Probe, readonly Sample[]>): object[] {
  const found = [...samples].map(([probe, values]) => ({
    probe,
    cpu: spread(values.map((one) => one.cpu)).median,
    ...spread(values.map((one) => one.ms)),
  }));
  const parts = found.filter(({ probe }) => probe.share).reduce((sum, { median }) => sum + median, 0);
  // The parts that take next to nothing are summed up.
  const small = found.filter(({ probe, median }) => probe.share && median < parts * 0.03);
  const shown = found.filter((one) => !small.includes(one));
  const row = (name: string, median: number, rest: object): object => ({
    where,
    what: name,
    "median, ms": Number(median.toFixed(1)),
    ...rest,
    load: os.loadavg()[0]?.toFixed(1) ?? "",
  });
  const share = (median: number): string => `${((100 * median) / parts).toFixed(0)} %`;
  const rows = shown.map(({ probe, median, least, most, cpu }) =>
    row(probe.name, median, {
      spread: `${least.toFixed(1)}-${most.toFixed(1)}`,
      ...(probe.elsewhere !== true && { "backend cpu, ms": Number(cpu.toFixed(1)) }),
      ...(probe.share && { "of the reading": share(median) }),
    }),
  );
  const others = small.reduce((sum, { median }) => sum + median, 0);
  if (small.length > 0)
    rows.push(row(`  ${small.length} other parts`, others, { spread: "", "of the reading": share(others) }));
  return rows;
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
    name: `  part ${kindOf(part)}`,
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
