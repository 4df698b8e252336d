import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { createDatabase, type EmbeddedServer } from "../../src/database/embedded/index.ts";
import { openDatabase } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";

/** A database as the service has it, and tokens of those who ask it. */
export interface Base {
  /** The executor's. */
  readonly token: string;
  /** The dispatcher's. */
  readonly dispatcher: string;
  /** A connection as the role that the service works as. */
  readonly appUrl: string;
  readonly ownerUrl: string;
  readonly superUrl: string;
}

/** The service as a process of its own, on a database of its own. */
export interface Place extends Base {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const serverKey = "k1:Y291bnRlcnNpZ24tYmVuY2gtc2VydmVyLWtleS0zMmI=";
/** The benches' services sign their logs with it; one that was there before the log does not look at it. */
export const logKey = "log.example/bench:bG9nLWtleS1vZi10aGUtYmVuY2gtb2YtMzItYnl0ZXM=";
export const syncSecret = "a-sync-secret-for-the-bench-only";
export const executor = "bench-executor";

/** @param root the checkout whose service is measured */
export async function makePlace(server: EmbeddedServer, name: string, root: URL): Promise<Place> {
  return startService(await makeBase(server, name, root), root);
}

/** @param root the checkout whose schema the database has */
export async function makeBase(server: EmbeddedServer, name: string, root: URL): Promise<Base> {
  await createDatabase(server, name, "countersign_owner");
  const urls = await admitted(server, name);
  // The schema of that very checkout.
  const its = (await import(new URL("src/database/index.ts", root).href)) as {
    migrate: (options: { ownerUrl: string }) => Promise<unknown>;
  };
  await its.migrate({ ownerUrl: urls.ownerUrl });
  return { ...(await makeTokens(urls.appUrl)), ...urls };
}

/** A database with all that another has, to which nobody is connected. The tokens are good in both. */
export async function copyBase(server: EmbeddedServer, base: Base, name: string): Promise<Base> {
  const from = new URL(base.superUrl).pathname.slice(1);
  await onceAs(
    server.url("postgres"),
    `CREATE DATABASE ${name} OWNER countersign_owner TEMPLATE ${from} STRATEGY file_copy`,
  );
  await createDatabase(server, name, "countersign_owner");
  return { ...base, ...(await admitted(server, name)) };
}

async function admitted(server: EmbeddedServer, name: string): Promise<Pick<Base, "appUrl" | "ownerUrl" | "superUrl">> {
  await onceAs(server.url(name), `GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { countersign_owner, countersign_app } = server.roles;
  return {
    ownerUrl: server.url(name, { user: "countersign_owner", password: countersign_owner }),
    appUrl: server.url(name, { user: "countersign_app", password: countersign_app }),
    superUrl: server.url(name),
  };
}

/** @param root the checkout whose service is started */
export async function startService(base: Base, root: URL): Promise<Place> {
  const { child, url } = await startProcess(fileURLToPath(new URL("src/main.ts", root)), {
    DATABASE_URL: base.appUrl,
    DATABASE_OWNER_URL: base.ownerUrl,
    SERVER_KEYS: serverKey,
    LOG_KEY: logKey,
    SYNC_SECRET: syncSecret,
    LOG_LEVEL: "error",
    // What is measured is how fast it answers, not when it declines to.
    MAX_EVENT_LOOP_DELAY_MS: "0",
    MAX_QUEUE_MS: "0",
    RATE_LIMIT_MAX: "1000000000",
  });
  return { ...base, url, close: () => end(child) };
}

async function makeTokens(appUrl: string): Promise<{ token: string; dispatcher: string }> {
  const database = openDatabase({ url: appUrl, poolSize: 1 });
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.from(serverKey.slice(3), "base64") }]);
  const director = serviceCaller("bench");
  try {
    return await database.transact(async (tx) => {
      await checkServerKeys(tx, keys);
      const make = async (principal: string, role: "executor" | "dispatcher"): Promise<string> => {
        await ensurePrincipal(tx, director, principal, [role]);
        return (await createToken(tx, director, keys, { principal, label: "bench", ttlSeconds: 86_400 })).token;
      };
      return { token: await make(executor, "executor"), dispatcher: await make("bench-dispatcher", "dispatcher") };
    });
  } finally {
    await database.close();
  }
}

/** A program that prints where it listens. */
export async function startProcess(
  program: string,
  env: Readonly<Record<string, string>>,
  words: readonly string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", ...env },
  });
  if (child.stdout === null) throw new Error(`${program} has no output`);
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /https?:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`${program} ended before it said where it is`);
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

export async function onceAs<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row & pg.QueryResultRow>(text, values)).rows;
  } finally {
    await client.end();
  }
}
