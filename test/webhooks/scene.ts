import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import type { Config } from "../../src/config.ts";
import type { Database } from "../../src/database/index.ts";
import { relay } from "../../src/webhooks/relay/relay.ts";
import { type InProcess, type Owner, type Service, type Stage, startService } from "../support/service.ts";

/** A service that sends to this machine, quickly. */
export const eager: Partial<Config> = {
  webhookPollMs: 20,
  webhookRetrySeconds: 1,
  webhookTimeoutMs: 1_000,
  webhookAllowNetworks: ["127.0.0.0/8"],
  webhookAllowHttp: "private",
};

/** The same for a process. */
export const eagerly: Readonly<Record<string, string>> = {
  WEBHOOK_POLL_MS: "20",
  WEBHOOK_RETRY_SECONDS: "1",
  WEBHOOK_TIMEOUT_MS: "1000",
  WEBHOOK_ALLOW_NETWORKS: "127.0.0.0/8",
  WEBHOOK_ALLOW_HTTP: "private",
};

export function startTelling(t: Owner, options: { stage?: Stage; config?: Partial<Config> } = {}): Promise<InProcess> {
  return startService(t, { ...options, targets: {}, config: { ...eager, ...options.config } });
}

export interface Registered {
  readonly id: string;
  readonly secret: string;
}

/** Registers a webhook as an admin. */
export async function register(service: Service, url: string, events: readonly string[] = ["*"]): Promise<Registered> {
  const { status, body } = await service.call("POST", "/v1/webhooks", { as: "admin", body: { url, events } });
  if (status !== 201) throw new Error(`registering ${url}: ${status} ${JSON.stringify(body)}`);
  return { id: String(body["id"]), secret: String(body["secret"]) };
}

/** Makes events by the front door. @returns the ids of the holds */
export async function placeHolds(service: Service, count: number, environment = "none"): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { body } = await service.call("POST", "/v1/holds", {
      as: "operator",
      body: { reason: `n ${n}`, environment },
    });
    ids.push(String(body["id"]));
  }
  return ids;
}

export interface Look {
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
}

/** A connection of the test's own. */
export async function lookInto(t: Owner, url: string): Promise<Look & { readonly client: pg.Client }> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  t.teardown(() => client.end());
  return {
    client,
    query: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await client.query<Row>(text, values)).rows,
  };
}

/** Asks again until the answer is what it should be. */
export async function eventually<T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    // not a sleep: between two looks at the same condition.
    await pause(20);
  }
}

/** The deliveries of a webhook, oldest first, as the route shows them. */
export async function deliveriesOf(
  service: Service,
  id: string,
  status?: string,
): Promise<readonly (Record<string, unknown> & { number: number; status: string })[]> {
  const query = status === undefined ? "" : `&status=${status}`;
  const { body } = await service.call("GET", `/v1/webhooks/${id}/deliveries?limit=200${query}`, { as: "admin" });
  return (body["items"] as unknown as (Record<string, unknown> & { number: number; status: string })[]).toReversed();
}

/**
 * Relays until everything that was written before is told. Transactions of other tests in the same server hold that up: a number is
 * final once every transaction is over that may have drawn it, whichever database it is in.
 */
export async function relayToTheEnd(database: Database): Promise<void> {
  const drawn = await database.transact((tx) =>
    tx.query<{ last: string }>("SELECT last_value AS last FROM audit_events_seq"),
  );
  const last = BigInt(drawn.rows[0]?.last ?? 0);
  await eventually(
    async () => {
      await relay(database, () => false);
      const { rows } = await database.transact((tx) =>
        tx.query<{ final: string }>("SELECT final_seq AS final FROM webhook_relay"),
      );
      return BigInt(rows[0]?.final ?? 0);
    },
    (final) => final >= last,
  );
}
