/** Runs the benchmarks, one process each, one after the other, so that none disturbs the next: `npm run bench -- --help`. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { chmod, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stopPostmaster } from "../src/database/embedded/index.ts";

const usage = `usage: npm run bench -- [word…] [--full] [--option=value…]

  npm run bench                        every question
  npm run bench -- grants latency      those whose name contains one of the words
  npm run bench -- grants --rounds=9   options are passed on; each question takes those that it knows
  npm run bench -- overload --full     the long form

growth ends at a million grants, log at a million events, and overload lasts one minute, unless --full is given:
then growth and log go on to ten million, and overload lasts ten minutes.
What each question asks, and how its table is read: docs/how-to/measure.md

`;

/** What is added to those that take long; the bench takes the first of two options with the same name, so the user's. */
const forms: Readonly<Record<string, { readonly short: readonly string[]; readonly full: readonly string[] }>> = {
  "growth.ts": { short: ["--sizes=10000,1000000"], full: ["--sizes=10000,1000000,10000000"] },
  "log.ts": { short: ["--audited=200000"], full: ["--sizes=10000,1000000,10000000", "--rounds=7"] },
  "overload.ts": { short: ["--minutes=1"], full: ["--minutes=10"] },
};

const folder = new URL("../bench/", import.meta.url);
const given = process.argv.slice(2);
const words = given.filter((one) => !one.startsWith("--"));
const options = given.filter((one) => one.startsWith("--") && one !== "--full");
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => entry.name)
  .toSorted();
const chosen = names.filter((name) => words.length === 0 || words.some((word) => name.includes(word)));

/** How long services may take to end when they are told to, in ms. */
const graceMs = 15_000;

let stopped: NodeJS.Signals | undefined;
let group: number | undefined;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stopped ??= signal;
    if (group !== undefined) tell(group, "SIGTERM");
  });
}

/** Tells a whole process group. @returns whether there is anybody left in it */
function tell(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-id, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * A bench and all that it starts are a process group with a directory of their own, so that nothing of it is left however
 * it ends. @returns whether it ended well
 */
async function run(name: string): Promise<boolean> {
  const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-benches-")));
  // PostgreSQL may have to run as another user, who is to get through.
  await chmod(directory, 0o711);
  const form = forms[name]?.[given.includes("--full") ? "full" : "short"] ?? [];
  const child = spawn(process.execPath, [fileURLToPath(new URL(name, folder)), ...options, ...form], {
    stdio: "inherit",
    detached: true,
    env: { ...process.env, TMPDIR: directory },
  });
  const gone = once(child, "exit");
  group = child.pid;
  try {
    const [status] = (await gone) as [number | null];
    return status === 0;
  } finally {
    if (group !== undefined) await endGroup(group);
    group = undefined;
    await stopServers(directory);
    await rm(directory, { recursive: true, force: true });
  }
}

async function endGroup(id: number): Promise<void> {
  const until = Date.now() + graceMs;
  for (let left = tell(id, "SIGTERM"); left && Date.now() < until; left = tell(id, 0)) await pause(50);
  tell(id, "SIGKILL");
}

/** An embedded PostgreSQL outlives whoever started it, unless he stops it. */
async function stopServers(directory: string): Promise<void> {
  for (const entry of await readdir(directory)) {
    await stopPostmaster(path.join(directory, entry, "postgres"), () => {
      throw new Error("only Windows needs pg_ctl, and there no bench runs");
    });
  }
}

if (given.includes("--help")) {
  console.log(usage + names.map((name) => `  ${path.basename(name, ".ts")}`).join("\n"));
} else if (chosen.length === 0) {
  console.error(`no benchmark matches\n\n${usage}`);
  process.exitCode = 2;
} else {
  for (const name of chosen) {
    if (stopped !== undefined) break;
    console.log(`# ${name}`);
    if (!(await run(name))) process.exitCode = 1;
  }
  if (stopped !== undefined) process.exitCode = 128 + os.constants.signals[stopped];
}
