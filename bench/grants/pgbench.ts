import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Load } from "./load.ts";
import { statements, type What } from "./statements.ts";

const run = promisify(execFile);

/** Transactions of each client that prepare its statements and fill the caches of its session. */
const first = 3;
/** The fewest transactions of a client: most of them come after the first ones. */
const fewest = 30;

/** How many codes a run takes: every client has its own, so that no two want the same grant. */
export function codesOf(atOnce: number, count: number): number {
  return atOnce * Math.max(fewest, Math.ceil(count / atOnce));
}

export interface Range {
  /** What the codes begin with; a number follows. */
  readonly prefix: string;
  /** The number of the first. */
  readonly from: number;
  readonly count: number;
}

export interface Manner {
  readonly appUrl: string;
  /** Whether the statements of a transaction are sent at once. */
  readonly pipelined: boolean;
}

/** PostgreSQL's own load program with the statements of the service, so many clients, prepared. @throws Error when one fails */
export async function pgbench({ appUrl, pipelined }: Manner, what: What, atOnce: number, codes: Range): Promise<Load> {
  const { hostname, port, username, password, pathname } = new URL(appUrl);
  const folder = await mkdtemp(path.join(os.tmpdir(), "countersign-pgbench-"));
  const script = path.join(folder, "script.sql");
  const each = codes.count / atOnce;
  try {
    await writeFile(script, scriptOf(what, codes, { each, pipelined }));
    const words = ["--client", String(atOnce), "--transactions", String(each), "--no-vacuum", "--protocol", "prepared"];
    const log = ["--log", "--log-prefix", path.join(folder, "log")];
    await run("pgbench", [...words, ...log, "--define", "at=-1", "--file", script], {
      cwd: folder,
      env: {
        PATH: process.env["PATH"],
        PGHOST: hostname,
        PGPORT: port,
        PGUSER: decodeURIComponent(username),
        PGPASSWORD: decodeURIComponent(password),
        PGDATABASE: pathname.slice(1),
      },
    });
    const logs = (await readdir(folder)).filter((name) => name.startsWith("log."));
    const lines = await Promise.all(logs.map((name) => readFile(path.join(folder, name), "utf8")));
    return loadOf(lines.join("").trim().split("\n").map(lineOf), codes.count);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Its variables are numbers: the code is put together in every statement. */
function scriptOf(
  what: What,
  { prefix, from }: Range,
  { each, pipelined }: { readonly each: number; readonly pipelined: boolean },
): string {
  const texts = statements[what].map(({ text }) => `${text.replaceAll(/\$1(::text)?/g, `('${prefix}' || :n::text)`)};`);
  const many = texts.length > 1;
  return [
    String.raw`\set at :at + 1`,
    String.raw`\set n ${from} + :client_id * ${each} + :at`,
    ...(many && pipelined ? [String.raw`\startpipeline`] : []),
    ...(many ? ["BEGIN;", ...texts, "COMMIT;"] : texts),
    ...(many && pipelined ? [String.raw`\endpipeline`] : []),
    "",
  ].join("\n");
}

interface Line {
  readonly client: string;
  /** Both in microseconds. */
  readonly took: number;
  readonly ended: number;
}

function lineOf(line: string): Line {
  const [client = "", , took, , seconds, micros] = line.split(" ");
  return { client, took: Number(took), ended: Number(seconds) * 1e6 + Number(micros) };
}

/** Of the time in which every client was at work and had done its first transactions. */
function loadOf(lines: readonly Line[], count: number): Load {
  if (lines.length !== count) throw new Error(`pgbench tells of ${lines.length} transactions instead of ${count}`);
  const clients = [...Map.groupBy(lines, ({ client }) => client).values()].map((own) =>
    own.map(({ ended }) => ended).toSorted((a, b) => a - b),
  );
  const from = Math.max(...clients.map((own) => own[first - 1] ?? 0));
  const to = Math.min(...clients.map((own) => own.at(-1) ?? 0));
  const within = lines.filter(({ ended }) => ended > from && ended <= to);
  // A client that lagged behind may leave hardly any such time: then all of it counts.
  const enough = within.length >= count / 4;
  const counted = enough ? within : lines;
  const ends = lines.map(({ ended, took }) => [ended - took, ended] as const);
  const began = ends.reduce((least, [start]) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const stopped = ends.reduce((most, [, end]) => Math.max(most, end), 0);
  const seconds = (enough ? to - from : stopped - began) / 1e6;
  const sorted = counted.map(({ took }) => took / 1_000).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { rate: counted.length / seconds, p50: at(0.5), p99: at(0.99) };
}
