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
  /** Beside the token and the content type. */
  readonly headers?: Readonly<Record<string, string>>;
  /** That it must be answered with; 200 unless it says otherwise. */
  readonly status?: number;
}

/** So many requests, each connection with one under way. @throws Error for an answer of another status than it should have */
export async function overHttp(url: string, token: string, connections: number, asks: readonly Ask[]): Promise<Load> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const common = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  try {
    // The connections are there before the clock runs; what is answered, if anything, is all the same.
    await Promise.all(
      Array.from({ length: connections }, async () =>
        (await pool.request({ path: "/livez", method: "GET" })).body.dump(),
      ),
    );
    return await measure(connections, asks, async ({ path, body, headers, status = 200 }) => {
      const sent = headers === undefined ? common : { ...common, ...headers };
      const answer = await pool.request({ path, method: "POST", headers: sent, body });
      const text = await answer.body.text();
      if (answer.statusCode !== status) throw new Error(`${path} answers ${answer.statusCode}: ${text}`);
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
