import { randomUUID } from "node:crypto";
import { Pool } from "undici";
import { signSync, syncKey } from "../../src/dispatch/index.ts";
import { type Load, measure } from "../grants/load.ts";
import { onceAs } from "../grants/place.ts";
import { bindingsOf, type Live, seedApproved, seedLive } from "./live.ts";
import { type CallerName, type Place, syncSecret } from "./place.ts";

export interface Ask {
  readonly as: CallerName;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The status that it must be answered with. */
  readonly status: number;
}

/** One question to the service, asked many times. */
export interface Operation {
  readonly name: string;
  /** Requests of one measurement. */
  readonly count: number;
  /** Pages that a request may touch at any size, where that is known. */
  readonly most?: number;
  asks(place: Place, size: number, count: number): Promise<readonly Ask[]>;
}

const seeded = new Map<string, Promise<readonly Live[]>>();

/** Verifying uses nothing up: the same grants serve every round. */
function verifiable(place: Place, size: number): Promise<readonly Live[]> {
  const known = JSON.stringify([place.name, size]);
  const live = seeded.get(known) ?? seedLive(place, { size, count: 500, fate: "stays" });
  seeded.set(known, live);
  return live;
}

const key = syncKey(syncSecret);

const verifyAsk = ({ planId }: Live): Ask => ({
  as: "executor",
  method: "POST",
  path: "/v1/grants/verify",
  body: JSON.stringify(bindingsOf(planId)),
  status: 200,
});

const consumeAsk = ({ authCode, planId }: Live): Ask => ({
  as: "executor",
  method: "POST",
  path: `/v1/grants/${authCode}/consume`,
  body: JSON.stringify({ ...bindingsOf(planId), idempotency_root: authCode }),
  status: 200,
});

/** The same for every request of the measurement. */
const again =
  (ask: (place: Place, size: number) => Promise<Ask> | Ask): Operation["asks"] =>
  async (place, size, count) =>
    Array.from<Ask>({ length: count }).fill(await ask(place, size));

const list = (as: CallerName, path: string): Ask => ({ as, method: "GET", path, status: 200 });

/** Codes of the history that lie far apart in it. */
const scattered = (size: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `H-${String(1 + ((at * 7_919) % size)).padStart(9, "0")}`);

/** What is asked of the service at every size. */
export const operations: readonly Operation[] = [
  {
    name: "consume",
    count: 3_000,
    most: 150,
    asks: async (place, size, count) => (await seedLive(place, { size, count, fate: "used" })).map(consumeAsk),
  },
  {
    name: "verify",
    count: 3_000,
    most: 40,
    asks: async (place, size, count) => {
      const live = await verifiable(place, size);
      return Array.from({ length: count }, (_, at) => verifyAsk(live[at % live.length] as Live));
    },
  },
  {
    name: "mint",
    count: 600,
    most: 300,
    asks: async (place, _size, count) =>
      (await seedApproved(place, count)).map(({ aprCode, digest }): Ask => {
        const body = JSON.stringify({ apr_code: aprCode, apr_digest: digest });
        const id = randomUUID();
        const now = Math.floor(Date.now() / 1_000);
        const headers = {
          "webhook-id": id,
          "webhook-timestamp": String(now),
          "webhook-signature": signSync(key, id, now, body),
        };
        const path = `/v1/approval-requests/${aprCode}/execute`;
        return { as: "dispatcher", method: "POST", path, headers, body, status: 201 };
      }),
  },
  {
    name: "verify, refused, of a plan that a hundredth of all grants were for",
    count: 300,
    most: 40,
    asks: again(() => ({
      as: "executor",
      method: "POST",
      path: "/v1/grants/verify",
      body: JSON.stringify({ ...bindingsOf("NIGHTLY"), environment: "rehearsal-elsewhere" }),
      status: 403,
    })),
  },
  {
    name: "a grant, read",
    count: 1_000,
    most: 20,
    asks: async (_place, size, count) =>
      scattered(size, count).map((code) => list("executor", `/v1/grants/GBA-C1-${code}`)),
  },
  { name: "grants, first page", count: 300, asks: again(() => list("executor", "/v1/grants")) },
  {
    name: "grants, a page in the middle",
    count: 300,
    asks: again(async (place, size) => list("executor", `/v1/grants?cursor=${await middle(place, size)}`)),
  },
  { name: "grants that are live", count: 300, asks: again(() => list("executor", "/v1/grants?status=active&limit=1")) },
  {
    name: "grants of an executor who has none",
    count: 100,
    asks: again(() => list("executor", "/v1/grants?executor=nobody")),
  },
  {
    name: "grants on a target that has none",
    count: 100,
    asks: again(() => list("executor", "/v1/grants?target=NOWHERE")),
  },
  { name: "grants on a target", count: 300, asks: again(() => list("executor", "/v1/grants?target=T-7&limit=10")) },
  {
    name: "the grant of a request",
    count: 300,
    asks: again((_place, size) => list("executor", `/v1/grants?request_ref=${scattered(size, 2)[1]}`)),
  },
  {
    name: "approval requests, first page",
    count: 300,
    // By hash while there are few votes, by key for each request of the page from then on.
    most: 150,
    asks: again(() => list("executor", "/v1/approval-requests?limit=20")),
  },
  {
    name: "approval requests of somebody who has none",
    count: 100,
    asks: again(() => list("executor", "/v1/approval-requests?requested_by=nobody")),
  },
  { name: "audit, first page", count: 300, asks: again(() => list("auditor", "/v1/audit/events")) },
  {
    name: "audit of one grant",
    count: 300,
    asks: async (_place, size, count) =>
      scattered(size, count).map((code) =>
        list("auditor", `/v1/audit/events?resource_type=grant&resource_id=GBA-C1-${code}`),
      ),
  },
  {
    name: "audit of one grant, by its code alone",
    count: 100,
    asks: async (_place, size, count) =>
      scattered(size, count).map((code) => list("auditor", `/v1/audit/events?resource_id=GBA-C1-${code}`)),
  },
  {
    name: "audit by action and actor",
    count: 300,
    asks: again(() => list("auditor", "/v1/audit/events?action=grant.revoked&actor=growth-executor")),
  },
];

/** The cursor after the grant that is in the middle of the history, as the service makes it. */
async function middle({ superUrl }: Place, size: number): Promise<string> {
  const code = `GBA-C1-H-${String(Math.ceil(size / 2)).padStart(9, "0")}`;
  const [row] = await onceAs<{ position: string }>(
    superUrl,
    `SELECT (extract(epoch FROM granted_at) * 1000000)::bigint::text AS position FROM governance_build_authorization WHERE auth_code = $1`,
    [code],
  );
  return Buffer.from(JSON.stringify([row?.position, code])).toString("base64url");
}

/** Asks them all, with so many under way at once. @throws Error for an answer of another status than it should have */
export async function play(place: Place, url: string, atOnce: number, asks: readonly Ask[]): Promise<Load> {
  const pool = new Pool(url, { connections: atOnce, pipelining: 1 });
  try {
    return await measure(atOnce, asks, async ({ as, method, path, headers, body, status }) => {
      const sent = {
        authorization: `Bearer ${place.tokens[as]}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      };
      const answer = await pool.request({ path, method, headers: sent, body: body ?? null });
      const text = await answer.body.text();
      if (answer.statusCode !== status) throw new Error(`${method} ${path} answers ${answer.statusCode}: ${text}`);
    });
  } finally {
    await pool.close();
  }
}
