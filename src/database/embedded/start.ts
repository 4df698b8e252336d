import { mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { bringUp, type BringUpOptions, binariesOf, type Place } from "./bring-up.ts";
import { clusterExists } from "./initdb.ts";
import { withDirectoryLock } from "./lock.ts";
import { readPidFile, stopPostmaster } from "./postmaster.ts";
import { isRunning } from "./processes.ts";
import { type Credentials, host, type ProvisionedRole, superuser, urlOf } from "./state.ts";
import { register, unregister } from "./users.ts";

export interface EmbeddedOptions {
  /** Where the data, the passwords and the server's log are kept; made if missing, never emptied. */
  readonly dataDir: string;
  /** A TCP port for the server; without one a free port is taken and remembered. A running server keeps its own. */
  readonly port?: number;
  /** Further PostgreSQL settings, used when this call starts the server. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: (message: string, fields?: object) => void;
}

export interface EmbeddedServer {
  readonly host: string;
  readonly port: number;
  readonly superuser: string;
  readonly password: string;
  /** The roles that `provision` makes, with their passwords. */
  readonly roles: Readonly<Record<ProvisionedRole, string>>;
  /** Connection URL of a database, as the superuser unless a role is given. */
  url(database: string, role?: Credentials): string;
  /** Ends this use of the server. The last user of any process stops it. Never deletes data. */
  stop(): Promise<void>;
}

const watchMs = 500;

/**
 * Starts the embedded PostgreSQL of a data directory, or joins the one that is running there, also one that a killed
 * process left behind. Any number of processes may do so at once. If the server dies while in use, it is started again.
 * @throws EmbeddedProblem
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const place = await placeOf(options.dataDir);
  const { state, port, use } = await withDirectoryLock(place.dataDir, async () => {
    const ready = await bringUp(place, options);
    return { ...ready, use: await register(place.usersDirectory) };
  });
  const endWatch = watch(place, { ...options, port });
  let stopped: Promise<void> | undefined;
  return {
    host,
    port,
    superuser,
    password: state.password,
    roles: state.roles,
    url: (database, role) => urlOf(port, database, role ?? { user: superuser, password: state.password }),
    stop: () => (stopped ??= leave(place, use, endWatch)),
  };
}

async function leave(place: Place, use: string, endWatch: () => Promise<void>): Promise<void> {
  await endWatch();
  await withDirectoryLock(place.dataDir, async () => {
    if ((await unregister(place.usersDirectory, use)) > 0) return;
    await stopPostmaster(place.cluster, () => binariesOf(place));
  });
}

async function placeOf(given: string): Promise<Place> {
  // Root's data directory must be passable for the user that the server runs as.
  await mkdir(given, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const dataDir = await realpath(given);
  return {
    dataDir,
    cluster: path.join(dataDir, "postgres"),
    stateFile: path.join(dataDir, "postgres.json"),
    logFile: path.join(dataDir, "postgres.log"),
    usersDirectory: path.join(dataDir, "postgres.users"),
  };
}

/** Starts a server that died again, on the same port. Answers how to end the watch. */
function watch(place: Place, options: BringUpOptions): () => Promise<void> {
  let ended = false;
  let revival: Promise<void> | undefined;
  const revive = async (): Promise<void> => {
    if (ended || (await lives(place))) return;
    options.log("the embedded PostgreSQL is gone: starting it again");
    await withDirectoryLock(place.dataDir, async () => {
      if (ended) return;
      // What vanished is not made anew behind the back of its users.
      if (!(await clusterExists(place.cluster))) throw new Error(`${place.cluster} is gone.`);
      await bringUp(place, options);
    });
  };
  const timer = setInterval(() => {
    revival ??= revive()
      .catch((error: unknown) => options.log("the embedded PostgreSQL could not be started again", { err: error }))
      .finally(() => {
        revival = undefined;
      });
  }, watchMs);
  timer.unref();
  return async () => {
    ended = true;
    clearInterval(timer);
    await revival;
  };
}

async function lives(place: Place): Promise<boolean> {
  const file = await readPidFile(place.cluster);
  return file !== undefined && isRunning(file.pid);
}
