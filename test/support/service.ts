import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import pino from "pino";
import { Webhook } from "standardwebhooks";
import { buildApp } from "../../src/app.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import type { LogSigner } from "../../src/evidence/index.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import type { AnyBuild } from "../../src/runs/index.ts";
import { type TestDatabase, useDatabase } from "./cluster.ts";
import { spawnNode, startedWith } from "./started.ts";

/** The people of every test: the name, which is also the principal, and the role. */
export const cast = {
  requester: "requester",
  approver_1: "approver",
  approver_2: "approver",
  council_1: "council",
  council_2: "council",
  sovereign: "sovereign",
  dispatcher: "dispatcher",
  "c1-builder": "executor",
  "other-builder": "executor",
  operator: "operator",
  auditor: "auditor",
  admin: "admin",
} as const satisfies Record<string, Role>;
export type Person = keyof typeof cast;

export const serverKey = "k1:Y291bnRlcnNpZ24tdGVzdC1zZXJ2ZXIta2V5LTMyYnk=";
export const logKey = "log.example/test:bG9nLWtleS1vZi10aGUtdGVzdHMtb2YtMzItYnl0ZXM=";
export const syncSecret = "a-sync-secret-for-the-tests-only";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The shape is the service's to promise and the test's to check.
  readonly body: Record<string, never> & { [name: string]: unknown };
  readonly text: string;
}

export interface CallOptions {
  readonly as?: Person | undefined;
  /** In place of a person's token. */
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly raw?: string | Uint8Array<ArrayBuffer> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What is needed of a tap test, or of a part of one that ends earlier. */
export interface Owner {
  teardown(work: () => Promise<unknown>): unknown;
}

/** A service to talk to over HTTP, wherever it runs. */
export interface Service {
  readonly url: string;
  readonly tokens: Readonly<Record<Person, string>>;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

/** A database with the cast in it, for one or more services. */
export interface Stage {
  readonly names: TestDatabase;
  /** As the app role. */
  readonly database: Database;
  readonly keys: ServerKeys;
  readonly tokens: Readonly<Record<Person, string>>;
}

export function serverKeys(): ServerKeys {
  return new ServerKeys([{ id: "k1", secret: Buffer.from(serverKey.slice(3), "base64") }]);
}

/** Makes a database of the test's own, with principals and tokens for the whole cast. */
export async function setStage(t: Owner): Promise<Stage> {
  const names = await useDatabase(t);
  const database = openDatabase({ url: names.appUrl, poolSize: 4 });
  t.teardown(() => database.close());
  const keys = serverKeys();
  const director = serviceCaller("test");
  const tokens = await database.transact(async (tx) => {
    await checkServerKeys(tx, keys);
    const made: Partial<Record<Person, string>> = {};
    for (const [principal, role] of Object.entries(cast) as [Person, Role][]) {
      await ensurePrincipal(tx, director, principal, [role]);
      made[principal] = (await createToken(tx, director, keys, { principal, label: "test", ttlSeconds: 3_600 })).token;
    }
    return made as Record<Person, string>;
  });
  return { names, database, keys, tokens };
}

export interface InProcess extends Service {
  readonly app: FastifyInstance;
  readonly stage: Stage;
}

/** The service in this process, on a port of its own. */
export async function startService(
  t: Owner,
  options: {
    stage?: Stage;
    config?: Partial<Config>;
    targets?: Readonly<Record<string, string>>;
    builds?: readonly AnyBuild[];
    /** Who keeps the log; nobody if absent. */
    logSigner?: LogSigner;
  } = {},
): Promise<InProcess> {
  const stage = options.stage ?? (await setStage(t));
  const config: Config = {
    ...readConfig({
      SWEEP_INTERVAL_MS: "3600000",
      TOKEN_CACHE_MS: "0",
      MAX_EVENT_LOOP_DELAY_MS: "0",
      MAX_QUEUE_MS: "0",
      LIFECYCLE_WATCH_SECONDS: "0",
    }),
    ...options.config,
  };
  const database = openDatabase({ url: stage.names.appUrl, poolSize: config.poolSize });
  const targets = options.targets ?? { default: stage.names.ownerUrl };
  const { builds } = options;
  const app = buildApp({
    config,
    database,
    serverKeys: stage.keys,
    syncSecret,
    targets,
    ...(builds && { builds }),
    ...(options.logSigner && { logSigner: options.logSigner }),
    // What goes wrong in the background shows with TEST_LOG=warn.
    ...(process.env["TEST_LOG"] && { logger: pino({ level: process.env["TEST_LOG"] }, pino.destination(2)) }),
  });
  t.teardown(async () => {
    await app.close();
    await database.close();
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return { app, stage, url, tokens: stage.tokens, call: caller(url, stage.tokens) };
}

export interface Spawned extends Service {
  readonly child: ChildProcess;
  /** Waits for the process to be gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/**
 * The service as a process of its own, as `npm start` runs it, on the database of the stage.
 * @param onLog gets what the service logs; it goes to standard error if absent
 */
export async function spawnService(
  t: Owner,
  stage: Stage,
  env: Readonly<Record<string, string>> = {},
  onLog?: (text: string) => void,
): Promise<Spawned> {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const child = spawnNode([main], {
    stdio: ["ignore", "pipe", onLog === undefined ? "inherit" : "pipe"],
    env: startedWith({
      PORT: "0",
      LOG_LEVEL: "error",
      // A busy machine is no reason for a 503 here; shedding has tests of its own.
      MAX_EVENT_LOOP_DELAY_MS: "0",
      MAX_QUEUE_MS: "0",
      DATABASE_URL: stage.names.appUrl,
      DATABASE_OWNER_URL: stage.names.ownerUrl,
      SYNC_SECRET: syncSecret,
      SERVER_KEYS: serverKey,
      LOG_KEY: logKey,
      ...env,
    }),
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => onLog?.(text));
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  };
  t.teardown(() => kill("SIGKILL"));
  const url = await announcedUrl(child);
  return { child, kill, url, tokens: stage.tokens, call: caller(url, stage.tokens) };
}

async function announcedUrl(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("the service has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /https?:\/\/\S+/.exec(line)?.[0];
    if (url !== undefined) return url;
  }
  throw new Error("the service ended before it said where it is");
}

/** A service that runs somewhere, for whoever has tokens of it. */
export function serviceAt(url: string, tokens: Readonly<Record<Person, string>>): Service {
  return { url, tokens, call: caller(url, tokens) };
}

function caller(url: string, tokens: Readonly<Record<Person, string>>): Service["call"] {
  return async (method, path, options = {}) => {
    const token = options.token ?? (options.as === undefined ? undefined : tokens[options.as]);
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(options.signal && { signal: options.signal }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json") === true && text !== "";
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (json ? JSON.parse(text) : {}) as Answer["body"],
    };
  };
}

/** The headers of a dispatcher's signature over the body, made afresh. */
export function signed(body: string, secret = syncSecret, at = new Date()): Record<string, string> {
  const id = `msg_${crypto.randomUUID()}`;
  const key = new Webhook(Buffer.from(secret), { format: "raw" });
  return {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
    "webhook-signature": key.sign(id, at, body),
  };
}
