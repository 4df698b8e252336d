import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { end, onceAs } from "../grants/place.ts";
import { operations } from "../growth/operations.ts";
import type { Place } from "../growth/place.ts";
import type { Order, Prepared, Seen } from "./generator.ts";

export interface Generator {
  /** @throws Error when the load's process ends */
  run(order: Order): Promise<Seen>;
  close(): Promise<void>;
}

/** The load's own process, so that neither the bench's work nor its garbage is taken for slowness of the service. */
export function startGenerator(): Generator {
  const program = fileURLToPath(new URL("generator.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [program], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  return {
    run: async (order) => {
      const over = new AbortController();
      const gone = once(child, "exit", { signal: over.signal }).then(() => {
        throw new Error("the load's process ended");
      });
      child.send(order);
      try {
        return ((await Promise.race([once(child, "message", { signal: over.signal }), gone])) as [Seen])[0];
      } finally {
        gone.catch(() => undefined);
        over.abort();
      }
    },
    close: () => end(child),
  };
}

/** Plans to choose from, which nobody else has: no plan may have two live grants. */
const plans = 1_000_000_000;
/** Made at once, so that what PostgreSQL is given stays of a size that it likes. */
const portion = 5_000;
/** Verifying uses nothing up, so that no more than these are asked about. */
const verified = 500;

export type What = "verify" | "consume" | "mint";

/** What is to be asked so often: grants of its own for each consume, an approved request of its own for each mint. */
export async function prepare(place: Place, what: What, count: number): Promise<readonly Prepared[]> {
  const operation = operations.find(({ name }) => name === what);
  if (operation === undefined) throw new Error(`there is no operation ${what}`);
  const prepared: Prepared[] = [];
  const wanted = what === "verify" ? Math.min(count, verified) : count;
  while (prepared.length < wanted) {
    const asks = await operation.asks(place, plans, Math.min(portion, wanted - prepared.length));
    for (const { as, method, path, headers, body = "", status } of asks) {
      const all = {
        host: "127.0.0.1",
        authorization: `Bearer ${place.tokens[as]}`,
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(body)),
        ...headers,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
      prepared.push({ text: `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`, status });
    }
  }
  // As it will be after a while: the statistics know what has been made.
  await onceAs(place.superUrl, "VACUUM ANALYZE");
  return prepared;
}
