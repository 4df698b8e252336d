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

/** The service as a process of its own, on a database of its own, and a token of the executor. */
export interface Place {
  readonly url: string;
  readonly token: string;
  /** A connection as the role that the service works as, to the same database. */
  readonly appUrl: string;
  readonly superUrl: string;
  readonly close: () => Promise<void>;
}

const serverKey = "k1:Y291bnRlcnNpZ24tYmVuY2gtc2VydmVyLWtleS0zMmI=";
export const executor = "bench-executor";

/** @param root the checkout whose service is measured */
export async function makePlace(server: EmbeddedServer, name: string, root: URL): Promise<Place> {
  await createDatabase(server, name, "countersign_owner");
  await onceAs(server.url(name), `GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { countersign_owner, countersign_app } = server.roles;
  const ownerUrl = server.url(name, { user: "countersign_owner", password: countersign_owner });
  const appUrl = server.url(name, { user: "countersign_app", password: countersign_app });
  // The schema of that very checkout.
  const its = (await import(new URL("src/database/index.ts", root).href)) as {
    migrate: (options: { ownerUrl: string }) => Promise<unknown>;
  };
  await its.migrate({ ownerUrl });
  const token = await makeToken(appUrl);
  const { child, url } = await startProcess(fileURLToPath(new URL("src/main.ts", root)), {
    DATABASE_URL: appUrl,
    DATABASE_OWNER_URL: ownerUrl,
    SERVER_KEYS: serverKey,
    SYNC_SECRET: "a-sync-secret-for-the-bench-only",
    LOG_LEVEL: "error",
    // What is measured is how fast it answers, not when it declines to.
    MAX_EVENT_LOOP_DELAY_MS: "0",
  });
  return { url, token, appUrl, superUrl: server.url(name), close: () => end(child) };
}

async function makeToken(appUrl: string): Promise<string> {
  const database = openDatabase({ url: appUrl, poolSize: 1 });
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.from(serverKey.slice(3), "base64") }]);
  try {
    return await database.transact(async (tx) => {
      await checkServerKeys(tx, keys);
      const director = serviceCaller("bench");
      await ensurePrincipal(tx, director, executor, ["executor"]);
      return (await createToken(tx, director, keys, { principal: executor, label: "bench", ttlSeconds: 86_400 })).token;
    });
  } finally {
    await database.close();
  }
}

/** A program that prints where it listens. */
export async function startProcess(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [program], {
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
