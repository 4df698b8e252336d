import { Pool } from "undici";

export interface Load {
  /** Answers a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Ask {
  readonly path: string;
  readonly body: string;
}

/** So many requests, each connection with one under way. @throws Error for an answer that is no 200 */
export async function overHttp(url: string, token: string, connections: number, asks: readonly Ask[]): Promise<Load> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  try {
    return await measure(connections, asks, async ({ path, body }) => {
      const answer = await pool.request({ path, method: "POST", headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${answer.statusCode}: ${text}`);
    });
  } finally {
    await pool.close();
  }
}

/** Has so many at once work off the items. */
export async function measure<Item>(
  atOnce: number,
  items: readonly Item[],
  one: (item: Item, worker: number) => Promise<void>,
): Promise<Load> {
  const took: number[] = [];
  let next = 0;
  const start = performance.now();
  const work = async (worker: number): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const sent = performance.now();
      await one(items[at] as Item, worker);
      took.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, worker) => work(worker)));
  const seconds = (performance.now() - start) / 1_000;
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { rate: items.length / seconds, p50: at(0.5), p99: at(0.99) };
}
