import { execFile } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { chown, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Binaries } from "./binaries.ts";
import { EmbeddedProblem } from "./problems.ts";
import { isRunning, servesDirectory } from "./processes.ts";
import { type Runner, startProgram } from "./runner.ts";

const pollMs = 5;
const logLimitBytes = 10_000_000;
/** A fast shutdown waits for nobody, but writes a checkpoint. After this, a crash recovery is the lesser evil. */
const stopLimitMs = 30_000;

/** What `postmaster.pid` says. */
export interface PidFile {
  readonly pid: number;
  readonly port: number;
  /** "starting", "ready", "stopping", or empty while the file is being written. */
  readonly status: string;
}

export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const content = await readFile(path.join(cluster, "postmaster.pid"), "utf8").catch(() => "");
  const lines = content.split("\n").map((line) => line.trim());
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 0 ? { pid, port: Number(lines[3]), status: lines[7] ?? "" } : undefined;
}

/** The living postmaster of this cluster, whatever it is doing. */
export async function findPostmaster(cluster: string): Promise<PidFile | undefined> {
  const file = await readPidFile(cluster);
  return file !== undefined && servesDirectory(file.pid, cluster) ? file : undefined;
}

/**
 * Lets a new postmaster start although the file names a living process that is not ours. The file is not deleted:
 * its shared memory line is PostgreSQL's guard against backends that outlived a killed postmaster. It disregards a
 * file that names its own parent, so ours is the id to write. On Windows that guard does not use the file.
 */
export async function disownPidFile(cluster: string): Promise<void> {
  const file = path.join(cluster, "postmaster.pid");
  const content = await readFile(file, "utf8").catch(() => undefined);
  if (content === undefined) return;
  if (process.platform === "win32") return rm(file, { force: true });
  const { uid, gid } = await stat(cluster);
  await writeFile(`${file}.new`, content.replace(/^\d+/, String(process.pid)), { mode: 0o600 });
  await chown(`${file}.new`, uid, gid);
  await rename(`${file}.new`, file);
}

export interface Launch {
  readonly cluster: string;
  readonly logFile: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
}

export type LaunchResult = { readonly pid: number } | { readonly failure: string };

/**
 * Starts a postmaster that outlives us and waits until it is ready, through a crash recovery if need be.
 * @returns its process id, or what it wrote to its log before it gave up
 */
export async function launch(runner: Runner, binaries: Binaries, options: Launch): Promise<LaunchResult> {
  await rotate(options.logFile);
  const log = openSync(options.logFile, "a", 0o600);
  const from = (await stat(options.logFile)).size;
  const args = Object.entries(options.settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = startProgram(
    runner,
    binaries,
    binaries.postgres,
    ["-D", options.cluster, "-p", String(options.port), ...args],
    {
      stdio: ["ignore", log, log],
      detached: true,
      cwd: options.cluster,
    },
  );
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (status, killedBy) => {
    ended = `It ended with ${killedBy ?? `status ${status}`}.`;
  });
  for (;;) {
    if (ended !== undefined)
      return { failure: `${ended} ${readFileSync(options.logFile).subarray(from).toString()}`.trim() };
    const file = await readPidFile(options.cluster);
    if (file !== undefined && file.pid === child.pid && file.status === "ready") return { pid: file.pid };
    await delay(pollMs);
  }
}

async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size > logLimitBytes) await rename(logFile, `${logFile}.1`);
}

/** Stops the cluster's postmaster, if there is one: open transactions are rolled back, clients disconnected. */
export async function stopPostmaster(cluster: string, binaries: () => Promise<Binaries>): Promise<void> {
  const running = await findPostmaster(cluster);
  if (running === undefined) return;
  await signal(running.pid, "SIGINT", cluster, binaries);
  if (await ends(running.pid, stopLimitMs)) return;
  await signal(running.pid, "SIGQUIT", cluster, binaries);
  if (await ends(running.pid, stopLimitMs)) return;
  throw new EmbeddedProblem("EMBEDDED_BUSY", `The postmaster ${running.pid} of ${cluster} does not stop.`);
}

async function signal(
  pid: number,
  name: "SIGINT" | "SIGQUIT",
  cluster: string,
  binaries: () => Promise<Binaries>,
): Promise<void> {
  if (process.platform === "win32") {
    // No signals there; pg_ctl knows PostgreSQL's own pipe for them.
    const { pgCtl, env } = await binaries();
    const mode = name === "SIGINT" ? "fast" : "immediate";
    await promisify(execFile)(pgCtl, ["stop", "-D", cluster, "-m", mode, "-W"], { env: { ...env } });
    return;
  }
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function ends(pid: number, limitMs: number): Promise<boolean> {
  const deadline = Date.now() + limitMs;
  while (isRunning(pid)) {
    if (Date.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}
