import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type EmbeddedServer, provision, startEmbedded } from "../../src/database/embedded/index.ts";
import { postmasterOf, query } from "../../test/support/data-directory.ts";
import type { Closing } from "../closing.ts";
import { eventually } from "./patience.ts";

/** A PostgreSQL of the harness's own. It is started again when it dies. */
export interface Cluster {
  readonly directory: string;
  readonly server: EmbeddedServer;
  /** Of the database that build runs write to. */
  readonly targetUrl: string;
  /** Of `postgres`, as the superuser. */
  readonly superUrl: string;
  /** SIGKILL to the postmaster, whose children end by themselves. */
  kill(): Promise<void>;
  /** SIGSTOP or SIGCONT to the postmaster and all its children. */
  signalAll(signal: "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Waits until it lets clients in. */
  up(): Promise<void>;
}

/** As it is in use: every commit is flushed. Few connections, so that they can be exhausted. */
const settings = {
  fsync: "on",
  synchronous_commit: "on",
  max_connections: "40",
  shared_buffers: "32MB",
  min_wal_size: "32MB",
  max_wal_size: "96MB",
};

/**
 * @param parent where its data directory is made; the system's own folder for such things if absent
 * @param more settings of PostgreSQL, before those that it has otherwise
 */
export async function startCluster(
  closing: Closing,
  parent = os.tmpdir(),
  more: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const directory = await realpath(await mkdtemp(path.join(parent, "countersign-faults-")));
  closing.teardown(() => rm(directory, { recursive: true, force: true }));
  // The server may run as another user than root, and has to get in.
  await chmod(directory, 0o711);
  const server = await startEmbedded({ dataDir: directory, settings: { ...settings, ...more }, log: () => undefined });
  closing.teardown(() => server.stop());
  const { targetUrl } = await provision(server);
  const postmaster = async (): Promise<number> => {
    const pid = await postmasterOf(directory);
    if (pid === undefined) throw new Error("the PostgreSQL of the harness is not running");
    return pid;
  };
  return {
    directory,
    server,
    targetUrl,
    superUrl: server.url("postgres"),
    kill: async () => void process.kill(await postmaster(), "SIGKILL"),
    async signalAll(signal) {
      const pid = await postmaster();
      // The postmaster is the first to stop: from then on there are no new children.
      process.kill(pid, signal);
      for (const child of await childrenOf(pid)) sendTo(child, signal);
    },
    up: () =>
      eventually(
        "PostgreSQL lets clients in",
        async () => (await query(server.url("postgres"), "SELECT")).length === 1,
      ),
  };
}

async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return list.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** One that has ended meanwhile needs no signal. */
function sendTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * A small file system of its own, to be filled.
 * @returns its folder, or undefined where this process may not mount one
 */
export async function mountSmallDisk(closing: Closing, megabytes: number): Promise<string | undefined> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-small-disk-")));
  closing.teardown(() => rm(folder, { recursive: true, force: true }));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0711`, "tmpfs", folder]);
  if (mounted.status !== 0) return undefined;
  closing.teardown(async () => void spawnSync("umount", ["-l", folder]));
  return folder;
}
