import { fileURLToPath } from "node:url";
import { createDatabase, type EmbeddedServer } from "../../src/database/embedded/index.ts";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { type LogSigner, logSigner } from "../../src/evidence/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { type Base, end, executor, onceAs, type Place, startProcess, syncSecret } from "../grants/place.ts";

const serverKey = "k1:bG9nLWJlbmNoLXNlcnZlci1rZXktdGhhdC1pcy0zMmI=";
const logName = "bench.example/log";
const logSeed = Buffer.from("log-bench-log-key-of-32-bytes!!!");

/** A database with a log, and tokens of those who ask it. */
export interface LogBase extends Base {
  readonly auditor: string;
}

/** What signs the log of every database of the bench. */
export const signer: LogSigner = logSigner(logName, logSeed);

export async function makeLogBase(server: EmbeddedServer, name: string): Promise<LogBase> {
  await createDatabase(server, name, "countersign_owner");
  const superUrl = server.url(name);
  await onceAs(superUrl, `GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { countersign_owner, countersign_app } = server.roles;
  const ownerUrl = server.url(name, { user: "countersign_owner", password: countersign_owner });
  const appUrl = server.url(name, { user: "countersign_app", password: countersign_app });
  await migrate({ ownerUrl });
  return { superUrl, ownerUrl, appUrl, ...(await makeTokens(appUrl)) };
}

/** A process of the service. @param sealMs how often it seals: 0 is never, and undefined as often as it does by itself */
export async function startLogService(base: Base, sealMs?: number): Promise<Place> {
  const { child, url } = await startProcess(fileURLToPath(new URL("../../src/main.ts", import.meta.url)), {
    DATABASE_URL: base.appUrl,
    DATABASE_OWNER_URL: base.ownerUrl,
    SERVER_KEYS: serverKey,
    SYNC_SECRET: syncSecret,
    LOG_KEY: `${logName}:${logSeed.toString("base64")}`,
    LOG_LEVEL: "error",
    MAX_EVENT_LOOP_DELAY_MS: "0",
    MAX_QUEUE_MS: "0",
    RATE_LIMIT_MAX: "1000000000",
    ...(sealMs === undefined ? {} : { SEAL_INTERVAL_MS: String(sealMs) }),
  });
  return { ...base, url, close: () => end(child) };
}

async function makeTokens(appUrl: string): Promise<Pick<LogBase, "token" | "dispatcher" | "auditor">> {
  const database = openDatabase({ url: appUrl, poolSize: 1 });
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.from(serverKey.slice(3), "base64") }]);
  const director = serviceCaller("bench");
  try {
    return await database.transact(async (tx) => {
      await checkServerKeys(tx, keys);
      const make = async (principal: string, role: Role): Promise<string> => {
        await ensurePrincipal(tx, director, principal, [role]);
        return (await createToken(tx, director, keys, { principal, label: "bench", ttlSeconds: 86_400 })).token;
      };
      return {
        token: await make(executor, "executor"),
        dispatcher: await make("bench-dispatcher", "dispatcher"),
        auditor: await make("bench-auditor", "auditor"),
      };
    });
  } finally {
    await database.close();
  }
}
