import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Binaries } from "./binaries.ts";
import { EmbeddedProblem } from "./problems.ts";
import { type Runner, startProgram } from "./runner.ts";
import { superuser, syncDirectory } from "./state.ts";

const unfinished = "postgres.init-";

/**
 * Whether a finished cluster stands in the directory.
 * @throws EmbeddedProblem DATA_DIR_FOREIGN if something else does
 */
export async function clusterExists(cluster: string): Promise<boolean> {
  const names = await readdir(cluster).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new EmbeddedProblem("DATA_DIR_FOREIGN", `${cluster} cannot be read as a directory.`, { cause: error });
  });
  if (names === undefined) return false;
  if (names.includes("PG_VERSION")) return true;
  if (names.length > 0)
    throw new EmbeddedProblem("DATA_DIR_FOREIGN", `${cluster} is neither empty nor a PostgreSQL data directory.`);
  await rmdir(cluster);
  return false;
}

/** @throws EmbeddedProblem DATA_DIR_VERSION unless the cluster was made by the same major version */
export async function checkVersion(cluster: string, version: string): Promise<void> {
  const found = (await readFile(path.join(cluster, "PG_VERSION"), "utf8")).trim();
  const major = version.split(".")[0];
  if (found === major) return;
  throw new EmbeddedProblem(
    "DATA_DIR_VERSION",
    `${cluster} was written by PostgreSQL ${found}; the installed one is ${version}.`,
  );
}

export interface NewCluster {
  readonly dataDir: string;
  readonly cluster: string;
  readonly password: string;
  /** False where durability is of no interest (tests): files are not flushed to disk. */
  readonly durable: boolean;
}

/**
 * Makes the cluster under a name of our own and moves it to its place when it is complete, so that a kill at any
 * moment leaves nothing half-made there. Remains of earlier attempts are removed. Under the directory lock.
 */
export async function initialise(runner: Runner, binaries: Binaries, options: NewCluster): Promise<void> {
  const { dataDir, cluster, password, durable } = options;
  await removeUnfinished(dataDir);
  const directory = path.join(dataDir, `${unfinished}${randomBytes(6).toString("hex")}`);
  const passwordFile = `${directory}.pw`;
  await mkdir(directory, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (runner.owner !== undefined) {
    for (const made of [directory, passwordFile]) await chown(made, runner.owner.uid, runner.owner.gid);
  }
  try {
    await runInitdb(
      runner,
      binaries,
      [`--pgdata=${directory}`, `--pwfile=${passwordFile}`, ...(durable ? [] : ["--no-sync"])],
      dataDir,
    );
    await rename(directory, cluster);
    await syncDirectory(dataDir);
  } finally {
    await removeUnfinished(dataDir);
  }
}

const initdbOptions = [
  `--username=${superuser}`,
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale=C",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--no-instructions",
  // Given, these need not be found out by trying.
  "--set=timezone=UTC",
  "--set=log_timezone=UTC",
];

async function runInitdb(runner: Runner, binaries: Binaries, args: readonly string[], cwd: string): Promise<void> {
  const child = startProgram(runner, binaries, binaries.initdb, [...initdbOptions, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    cwd,
  });
  const [complaint, [status]] = await Promise.all([
    child.stderr === null ? "" : text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  if (status !== 0)
    throw new EmbeddedProblem("EMBEDDED_START_FAILED", `initdb ended with status ${status}: ${complaint.trim()}`);
}

/** An initdb whose service was killed may still be writing, so a first removal can fail: the next start tries again. */
async function removeUnfinished(dataDir: string): Promise<void> {
  const names = (await readdir(dataDir)).filter((name) => name.startsWith(unfinished));
  await Promise.allSettled(
    names.map((name) => rm(path.join(dataDir, name), { recursive: true, force: true, maxRetries: 3 })),
  );
}
