import { chmod, lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { bringUp, type Place } from "../../src/database/embedded/bring-up.ts";
import { findPostmaster } from "../../src/database/embedded/postmaster.ts";
import { type EmbeddedState, readState, superuser, urlOf, writeState } from "../../src/database/embedded/state.ts";
import { query } from "../../test/support/data-directory.ts";
import { copyRunning, giveFile } from "./pair-copy.ts";
import { eventually } from "./patience.ts";

/** As it is in use: every commit is flushed, here and at the standby. Enough of the log is kept for a copy to catch up. `fsync` is on. */
const settings = {
  synchronous_commit: "on",
  max_connections: "50",
  shared_buffers: "32MB",
  min_wal_size: "32MB",
  max_wal_size: "96MB",
  wal_keep_size: "256MB",
  wal_retrieve_retry_interval: "100ms",
  wal_receiver_timeout: "5s",
  wal_sender_timeout: "5s",
};

/** What a standby calls itself, whichever of the two it is. */
export const standbyName = "standby";

/** One of the two servers of a pair, in a folder of its own. Not started again when it dies. */
export class Member {
  readonly name: string;
  readonly #place: Place;
  #state: EmbeddedState | undefined;
  #port = 0;
  /** When one of the two was last copied from the other. */
  #alikeSince: number | undefined;

  /** @param folder must exist, and may be entered by everybody */
  constructor(name: string, folder: string) {
    this.name = name;
    this.#place = {
      dataDir: folder,
      cluster: path.join(folder, "postgres"),
      stateFile: path.join(folder, "postgres.json"),
      logFile: path.join(folder, "postgres.log"),
      usersDirectory: path.join(folder, "postgres.users"),
    };
  }

  get port(): number {
    return this.#port;
  }

  /** Passwords, which the two have in common. @throws Error before the first start */
  get state(): EmbeddedState {
    if (this.#state === undefined) throw new Error(`server ${this.name} was never started`);
    return this.#state;
  }

  get cluster(): string {
    return this.#place.cluster;
  }

  /** Past the relay. */
  superUrl(database = "postgres"): string {
    return urlOf(this.#port, database, { user: superuser, password: this.state.password });
  }

  /** Starts it, makes it if it is not there, and waits until it lets clients in. */
  async start(): Promise<void> {
    const { state, port } = await bringUp(this.#place, { settings, log: () => undefined });
    this.#state = state;
    this.#port = port;
  }

  /** Becomes the standby of another, as a fresh copy of it. @param linkPort where it reaches the other */
  async follow(other: Member, linkPort: number): Promise<void> {
    const { dataDir, stateFile, cluster } = this.#place;
    await mkdir(dataDir, { recursive: true });
    await chmod(dataDir, 0o711);
    const own = await readState(stateFile);
    if (own === undefined) await writeState(stateFile, { ...other.state, port: null });
    const copiedAt = Date.now();
    await copyRunning(other.superUrl(), other.cluster, cluster, this.#alikeSince);
    this.#alikeSince = copiedAt;
    other.#alikeSince = copiedAt;
    const owner = await lstat(cluster);
    await giveFile(path.join(cluster, "standby.signal"), "", owner);
    const conninfo = `host=127.0.0.1 port=${linkPort} user=${superuser} password=${other.state.password} application_name=${standbyName}`;
    const file = path.join(cluster, "postgresql.auto.conf");
    const kept = (await readFile(file, "utf8")).split("\n").filter((line) => !/^(primary_conninfo|fsync) /.test(line));
    // A start flushes every file of the copy, against a loss of power: none of the faults is one, and it takes seconds.
    await writeFile(file, [...kept, `primary_conninfo = '${conninfo}'`, "fsync = 'off'", ""].join("\n"));
    await this.start();
    await this.#set("fsync", "on");
  }

  /** Whether commits wait for a standby of that name. Takes effect at once, also while it is a standby itself. */
  async demandStandby(demanded: boolean): Promise<void> {
    await this.#set("synchronous_standby_names", demanded ? standbyName : "");
  }

  /** Also of a standby: what is set so is none of its data. */
  async #set(name: string, value: string): Promise<void> {
    await query(this.superUrl(), `ALTER SYSTEM SET ${name} = '${value}'`);
    await query(this.superUrl(), "SELECT pg_reload_conf()");
    await eventually(`server ${this.name} has ${name} = '${value}'`, async () => {
      const [row] = await query(this.superUrl(), `SHOW ${name}`);
      return row?.[name] === value;
    });
  }

  /** Waits until all that is committed here is at the standby too, flushed or also replayed. */
  async joined(how: "flush_lsn" | "replay_lsn" = "flush_lsn"): Promise<void> {
    const [row] = await query(this.superUrl(), "SELECT pg_current_wal_flush_lsn() AS edge");
    await eventually("the standby has caught up", async () => {
      const rows = await query(
        this.superUrl(),
        `SELECT FROM pg_stat_replication WHERE application_name = '${standbyName}' AND sync_state = 'sync' AND ${how} >= '${String(row?.["edge"])}'`,
      );
      return rows.length === 1;
    });
  }

  /** Makes a primary of this standby: what has arrived is replayed first. */
  async promote(): Promise<void> {
    const [row] = await query(this.superUrl(), "SELECT pg_promote(true, 30) AS done");
    if (row?.["done"] !== true) throw new Error(`server ${this.name} could not be promoted`);
  }

  /** SIGKILL to the server, which is gone when this returns. */
  async kill(): Promise<void> {
    const pid = (await findPostmaster(this.cluster))?.pid;
    if (pid !== undefined) await killTree(pid);
  }

  async signalAll(signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
    const pid = (await findPostmaster(this.cluster))?.pid;
    if (pid === undefined) throw new Error(`server ${this.name} does not run`);
    await signalTree(pid, signal);
  }
}

/** SIGKILL to a postmaster and its children, until they are gone: one that was stopped would not notice the end of the others. */
export async function killTree(postmaster: number): Promise<void> {
  const all = [postmaster, ...(await childrenOf(postmaster))];
  for (const pid of all) sendTo(pid, "SIGKILL");
  await eventually(`server ${postmaster} is gone`, async () => !(await Promise.all(all.map(lives))).includes(true));
}

/** SIGSTOP or SIGCONT to a postmaster and all its children. */
export async function signalTree(postmaster: number, signal: "SIGSTOP" | "SIGCONT"): Promise<void> {
  // The postmaster is the first to stop: from then on there are no new children.
  sendTo(postmaster, signal);
  for (const child of await childrenOf(postmaster)) sendTo(child, signal);
}

async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return list.trim().split(/\s+/).filter(Boolean).map(Number);
}

async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat !== undefined && !/\) Z /.test(stat);
}

/** One that has ended meanwhile needs no signal. */
function sendTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
