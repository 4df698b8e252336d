import process from "node:process";
import { fileURLToPath } from "node:url";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { createDatabase, type EmbeddedServer } from "../../src/database/embedded/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { end, logKey, onceAs, startProcess } from "../grants/place.ts";

const serverKey = "k1:Z3Jvd3RoLWJlbmNoLXNlcnZlci1rZXktb2YtMzJieXQ=";
export const syncSecret = "a-sync-secret-for-the-growth-bench";

/** Who calls the service here, and as what. */
const callers = {
  executor: ["growth-executor", ["executor"]],
  dispatcher: ["growth-dispatcher", ["dispatcher"]],
  auditor: ["growth-auditor", ["auditor"]],
} as const satisfies Record<string, readonly [string, readonly Role[]]>;

export type CallerName = keyof typeof callers;
export const executor = callers.executor[0];
export const requester = "growth-requester";
export const voters = ["growth-approver-1", "growth-approver-2", "growth-council"] as const;

/** A database that the bench fills, and what it takes to have a service on it. */
export interface Place {
  readonly name: string;
  readonly superUrl: string;
  readonly tokens: Readonly<Record<CallerName, string>>;
  /** Starts a process of the service that sweeps and seals every so often; 0: it never seals, and tells no webhook. */
  start(sweepMs?: number, sealMs?: number): Promise<Running>;
}

export interface Running {
  readonly url: string;
  end(): Promise<void>;
}

export async function makePlace(server: EmbeddedServer, name: string): Promise<Place> {
  await createDatabase(server, name, "countersign_owner");
  const superUrl = server.url(name);
  await onceAs(superUrl, `GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { countersign_owner, countersign_app } = server.roles;
  const ownerUrl = server.url(name, { user: "countersign_owner", password: countersign_owner });
  const appUrl = server.url(name, { user: "countersign_app", password: countersign_app });
  await migrate({ ownerUrl });
  const tokens = await makeTokens(appUrl);
  return {
    name,
    superUrl,
    tokens,
    start: (sweepMs = 5_000, sealMs = 1_000) => start(ownerUrl, appUrl, { sweepMs, sealMs }),
  };
}

async function start(
  ownerUrl: string,
  appUrl: string,
  { sweepMs, sealMs }: { readonly sweepMs: number; readonly sealMs: number },
): Promise<Running> {
  const { child, url } = await startProcess(fileURLToPath(new URL("../../src/main.ts", import.meta.url)), {
    DATABASE_URL: appUrl,
    DATABASE_OWNER_URL: ownerUrl,
    SERVER_KEYS: serverKey,
    LOG_KEY: logKey,
    SYNC_SECRET: syncSecret,
    LOG_LEVEL: process.argv.includes("--verbose") ? "warn" : "fatal",
    MAX_EVENT_LOOP_DELAY_MS: "0",
    MAX_QUEUE_MS: "0",
    RATE_LIMIT_MAX: "1000000000",
    SWEEP_INTERVAL_MS: String(sweepMs),
    SEAL_INTERVAL_MS: String(sealMs),
    ...(sealMs === 0 ? { WEBHOOK_POLL_MS: "0" } : {}),
  });
  return { url, end: () => end(child) };
}

async function makeTokens(appUrl: string): Promise<Record<CallerName, string>> {
  const database = openDatabase({ url: appUrl, poolSize: 1 });
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.from(serverKey.slice(3), "base64") }]);
  const director = serviceCaller("bench");
  const tokens: Partial<Record<CallerName, string>> = {};
  try {
    await database.transact(async (tx) => {
      await checkServerKeys(tx, keys);
      await ensurePrincipal(tx, director, requester, ["requester"]);
      for (const voter of voters) await ensurePrincipal(tx, director, voter, ["approver", "council"]);
      for (const [name, [principal, roles]] of Object.entries(callers)) {
        await ensurePrincipal(tx, director, principal, [...roles]);
        const made = await createToken(tx, director, keys, { principal, label: "bench", ttlSeconds: 86_400 });
        tokens[name as CallerName] = made.token;
      }
    });
  } finally {
    await database.close();
  }
  return tokens as Record<CallerName, string>;
}
