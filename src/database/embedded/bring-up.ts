import { createServer } from "node:net";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { type Binaries, findBinaries } from "./binaries.ts";
import { checkVersion, clusterExists, initialise } from "./initdb.ts";
import { disownPidFile, findPostmaster, launch, type PidFile } from "./postmaster.ts";
import { EmbeddedProblem } from "./problems.ts";
import { chooseRunner, type Runner } from "./runner.ts";
import { type EmbeddedState, host, newState, readState, superuser, urlOf, writeState } from "./state.ts";

const pollMs = 10;
/** How long a server that says it is ready may refuse to answer, and one that cannot start may be tried again. */
const patienceMs = 60_000;

const serverSettings: Readonly<Record<string, string>> = {
  listen_addresses: host,
  unix_socket_directories: "",
  // Three worker processes less; the data of this service is small and mostly cached.
  io_method: "sync",
  max_logical_replication_workers: "0",
};

/** The paths within a data directory. */
export interface Place {
  readonly dataDir: string;
  readonly cluster: string;
  readonly stateFile: string;
  readonly logFile: string;
  readonly usersDirectory: string;
}

export interface BringUpOptions {
  readonly port?: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly log: (message: string, fields?: object) => void;
}

export interface Ready {
  readonly state: EmbeddedState;
  readonly port: number;
}

/**
 * Leaves a server running and ready: the one that runs already, or a new one. Under the directory lock.
 * @throws EmbeddedProblem
 */
export async function bringUp(place: Place, options: BringUpOptions): Promise<Ready> {
  const exists = await clusterExists(place.cluster);
  const state = (await readState(place.stateFile)) ?? (await makeState(place, exists));
  const adopted = await adopt(place, state);
  if (adopted !== undefined) {
    options.log("joined the embedded PostgreSQL that was running", { port: adopted.port, pid: adopted.pid });
    return { state, port: adopted.port };
  }
  const binaries = await binariesOf(place);
  const { runner, version } = await chooseRunner(binaries, place.dataDir, exists ? place.cluster : undefined);
  if (exists) await checkVersion(place.cluster, version);
  else {
    const durable = options.settings?.["fsync"] !== "off";
    await initialise(runner, binaries, {
      dataDir: place.dataDir,
      cluster: place.cluster,
      password: state.password,
      durable,
    });
  }
  const port = await start(place, runner, binaries, { ...options, remembered: state.port });
  if (state.port !== port) await writeState(place.stateFile, { ...state, port });
  return { state, port };
}

export function binariesOf(place: Place): Promise<Binaries> {
  return findBinaries(path.join(place.dataDir, "postgres.lib"));
}

async function start(
  place: Place,
  runner: Runner,
  binaries: Binaries,
  options: BringUpOptions & { readonly remembered: number | null },
): Promise<number> {
  await disownPidFile(place.cluster);
  const settings = { ...serverSettings, ...options.settings };
  const deadline = Date.now() + patienceMs;
  let port = options.port ?? options.remembered ?? (await freePort());
  for (;;) {
    const result = await launch(runner, binaries, { cluster: place.cluster, logFile: place.logFile, port, settings });
    if ("pid" in result) {
      options.log("started the embedded PostgreSQL", { port, pid: result.pid, runs_as: runner.description });
      return port;
    }
    const remedy = remedyFor(result.failure, options.port !== undefined);
    if (remedy === undefined || Date.now() > deadline) {
      throw new EmbeddedProblem("EMBEDDED_START_FAILED", `PostgreSQL did not start on port ${port}: ${result.failure}`);
    }
    if (remedy === "another port") port = await freePort();
    else await delay(pollMs);
  }
}

/** What may help against a failed start: backends of a killed postmaster end by themselves, a taken port stays taken. */
function remedyFor(failure: string, portFixed: boolean): "another port" | "patience" | undefined {
  if (/pre-existing shared memory block/.test(failure)) return "patience";
  if (/could not create any TCP\/IP sockets/.test(failure) && !portFixed) return "another port";
  return undefined;
}

async function makeState(place: Place, exists: boolean): Promise<EmbeddedState> {
  if (exists)
    throw new EmbeddedProblem("DATA_DIR_SECRETS_LOST", `${place.cluster} is there, but ${place.stateFile} is not.`);
  const state = newState();
  await writeState(place.stateFile, state);
  return state;
}

/** Waits for a server that is starting, recovering or stopping; answers only one that is ready and lets us in. */
async function adopt(place: Place, state: EmbeddedState): Promise<PidFile | undefined> {
  let unanswered: number | undefined;
  for (;;) {
    const found = await findPostmaster(place.cluster);
    if (found === undefined) return undefined;
    if (found.status === "ready") {
      const refusal = await refusalOf(found.port, state.password);
      if (refusal === undefined) return found;
      unanswered ??= Date.now();
      if (Date.now() - unanswered > patienceMs) {
        throw new EmbeddedProblem(
          "EMBEDDED_START_FAILED",
          `The running server ${found.pid} does not answer on port ${found.port}.`,
          { cause: refusal },
        );
      }
    }
    await delay(pollMs);
  }
}

/** @throws EmbeddedProblem DATA_DIR_SECRETS_LOST if the password is not the server's */
async function refusalOf(port: number, password: string): Promise<unknown> {
  const client = new pg.Client({
    connectionString: urlOf(port, "postgres", { user: superuser, password }),
    connectionTimeoutMillis: 2_000,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === "28P01") {
      throw new EmbeddedProblem(
        "DATA_DIR_SECRETS_LOST",
        "The password in postgres.json is not the one of the data directory.",
        { cause: error },
      );
    }
    return error;
  } finally {
    await client.end();
  }
}

function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
