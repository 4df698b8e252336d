import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createDatabase, type EmbeddedServer } from "../../src/database/embedded/index.ts";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { type Role, serviceCaller } from "../../src/kernel/caller.ts";
import { ServerKeys } from "../../src/kernel/server-keys.ts";
import { checkServerKeys, createToken, ensurePrincipal } from "../../src/principals/index.ts";
import { end, executor, logKey, onceAs, startProcess } from "../grants/place.ts";
import type { Order } from "./generator.ts";
import type { Second } from "./tally.ts";

export interface Place {
  readonly url: string;
  readonly superUrl: string;
  readonly executorToken: string;
  readonly operatorToken: string;
  close(): Promise<void>;
}

const key = "k1:Y291bnRlcnNpZ24tYmVuY2gtc2VydmVyLWtleS0zMmI=";
const name = "bench_overload";

/** The service as a process of its own, as it is shipped but for the limit a principal: the load is one principal's. */
export async function makePlace(server: EmbeddedServer): Promise<Place> {
  await createDatabase(server, name, "countersign_owner");
  await onceAs(server.url(name), `GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  const { countersign_owner, countersign_app } = server.roles;
  const ownerUrl = server.url(name, { user: "countersign_owner", password: countersign_owner });
  const appUrl = server.url(name, { user: "countersign_app", password: countersign_app });
  await migrate({ ownerUrl });
  const [executorToken, operatorToken] = await makeTokens(appUrl);
  const { child, url } = await startProcess(fileURLToPath(new URL("../../src/main.ts", import.meta.url)), {
    DATABASE_URL: appUrl,
    DATABASE_OWNER_URL: ownerUrl,
    SERVER_KEYS: key,
    LOG_KEY: logKey,
    SYNC_SECRET: "a-sync-secret-for-the-bench-only",
    LOG_LEVEL: "error",
    RATE_LIMIT_MAX: "1000000000",
    ...Object.fromEntries(
      ["MAX_IN_FLIGHT", "MAX_QUEUE_MS", "MAX_WAITING"].flatMap((one) =>
        process.env[one] === undefined ? [] : [[one, process.env[one]]],
      ),
    ),
  });
  return { url, superUrl: server.url(name), executorToken, operatorToken, close: () => end(child) };
}

async function makeTokens(appUrl: string): Promise<readonly [string, string]> {
  const database = openDatabase({ url: appUrl, poolSize: 1 });
  const keys = new ServerKeys([{ id: "k1", secret: Buffer.from(key.slice(3), "base64") }]);
  const director = serviceCaller("bench");
  try {
    return await database.transact(async (tx) => {
      await checkServerKeys(tx, keys);
      const make = async (principal: string, role: Role): Promise<string> => {
        await ensurePrincipal(tx, director, principal, [role]);
        return (await createToken(tx, director, keys, { principal, label: "bench", ttlSeconds: 86_400 })).token;
      };
      return [await make(executor, "executor"), await make("bench-operator", "operator")] as const;
    });
  } finally {
    await database.close();
  }
}

export interface Generator {
  run(order: Order): Promise<readonly Second[]>;
  close(): Promise<void>;
}

/** The load's own process, so that its work is not taken for the service's slowness. */
export function startGenerator(): Generator {
  const program = fileURLToPath(new URL("generator.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  return {
    run: async (order) => {
      const gone = new AbortController();
      const [seconds] = (await Promise.race([
        (async () => {
          child.send(order);
          return once(child, "message", { signal: gone.signal });
        })(),
        once(child, "exit", { signal: gone.signal }).then(() => {
          throw new Error("the load's process ended");
        }),
      ])) as [readonly Second[]];
      gone.abort();
      return seconds;
    },
    close: () => end(child),
  };
}
