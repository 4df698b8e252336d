/**
 * How long `npm start` takes until /readyz answers 200, from nothing (initdb, migrations, credentials) and with data
 * that is there, and how much memory the service and its embedded PostgreSQL take at rest.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findPostmaster, stopPostmaster } from "../src/database/embedded/postmaster.ts";
import { report, spread } from "./support/results.ts";

const rounds = 5;
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly milliseconds: number;
}

async function start(dataDir: string): Promise<Started> {
  const began = performance.now();
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", LOG_LEVEL: "error", DATA_DIR: dataDir },
  });
  const url = await announced(child);
  const answer = await fetch(`${url}/readyz`);
  await answer.text();
  if (answer.status !== 200) throw new Error(`/readyz answers ${answer.status} after the service said that it is up`);
  return { child, milliseconds: performance.now() - began };
}

async function announced(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the service has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /https?:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error("the service ended before it said where it is");
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}

/** Megabytes: the service's resident memory, and PostgreSQL's share of pages, each shared one counted once. */
async function memory(child: ChildProcess, dataDir: string): Promise<{ service: number; postgres: number }> {
  const postmaster = await findPostmaster(path.join(dataDir, "postgres"));
  if (postmaster === undefined || child.pid === undefined) throw new Error("nothing runs");
  const family = [postmaster.pid, ...(await childrenOf(postmaster.pid))];
  const shares = await Promise.all(family.map((pid) => kilobytes(`/proc/${pid}/smaps_rollup`, "Pss")));
  const service = await kilobytes(`/proc/${child.pid}/status`, "VmRSS");
  return { service: service / 1_024, postgres: shares.reduce((sum, share) => sum + share, 0) / 1_024 };
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, "utf8")));
  return lists.flatMap((list) => list.trim().split(/\s+/).filter(Boolean).map(Number));
}

async function kilobytes(file: string, field: string): Promise<number> {
  const line = (await readFile(file, "utf8")).split("\n").find((one) => one.startsWith(`${field}:`));
  return Number(/\d+/.exec(line ?? "")?.[0] ?? Number.NaN);
}

const samples = { fresh: [] as number[], existing: [] as number[], service: [] as number[], postgres: [] as number[] };
let postgresVersion = "unknown";
for (let round = 0; round < rounds; round++) {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "countersign-bench-"));
  // The embedded server may run as another user than root, and has to get in.
  await chmod(dataDir, 0o711);
  try {
    const fresh = await start(dataDir);
    samples.fresh.push(fresh.milliseconds);
    await stop(fresh.child);
    const existing = await start(dataDir);
    samples.existing.push(existing.milliseconds);
    const used = await memory(existing.child, dataDir);
    samples.service.push(used.service);
    samples.postgres.push(used.postgres);
    postgresVersion = (await readFile(path.join(dataDir, "postgres", "PG_VERSION"), "utf8")).trim();
    await stop(existing.child);
  } finally {
    await stopPostmaster(path.join(dataDir, "postgres"), () => Promise.reject(new Error("the server does not stop")));
    await rm(dataDir, { recursive: true, force: true });
  }
}

const rows = [
  { what: "start from nothing to /readyz", unit: "ms", ...rounded(samples.fresh) },
  { what: "start with existing data to /readyz", unit: "ms", ...rounded(samples.existing) },
  { what: "service at rest, RSS", unit: "MiB", ...rounded(samples.service) },
  { what: "PostgreSQL at rest, PSS", unit: "MiB", ...rounded(samples.postgres) },
];

function rounded(values: readonly number[]) {
  const { median, least, most } = spread(values);
  return { median: Math.round(median), least: Math.round(least), most: Math.round(most), rounds: values.length };
}

report("startup", { postgres: postgresVersion }, rows);
