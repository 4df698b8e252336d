import type pg from "pg";
import t from "tap";
import type { Database } from "../../src/database/index.ts";
import { endTurn, giveUpTurn, takeTurn, type Turn } from "../../src/webhooks/turns/turn.ts";
import { type Owner, type Stage, setStage } from "../support/service.ts";
import { startReceiver } from "./receiver.ts";
import { deliveriesOf, eventually, lookInto, placeHolds, register, startTelling, relayToTheEnd } from "./scene.ts";

t.setTimeout(120_000);

const retries = { attempts: 5, firstSeconds: 10 };
const failed = { delivered: false, status: 500, error: "answered 500", silent: false };
const silent = { delivered: false, status: null, error: "no answer: ECONNREFUSED", silent: true };
const taken = { delivered: true, status: 204, error: null, silent: false };

interface Scene {
  readonly stage: Stage;
  readonly database: Database;
  readonly look: pg.Client;
  readonly lane: string;
  take(): Promise<Turn | undefined>;
  /** @throws Error where there is nothing to take */
  took(): Promise<Turn>;
  rows(): Promise<Record<string, unknown>[]>;
}

/** A webhook with three deliveries of one resource, and nobody who sends by himself. */
async function setScene(t: Owner): Promise<Scene> {
  const stage = await setStage(t);
  const { database } = stage;
  const { client: look } = await lookInto(t, stage.names.superUrl);
  const { rows } = await look.query<{ id: string }>(
    `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by)
     VALUES ('https://hooks.example.com/', '{*}', decode(repeat('00', 60), 'hex'), 'k1', 'admin') RETURNING id`,
  );
  const lane = `webhook:${rows[0]?.id ?? ""}:${"0".repeat(64)}`;
  await look.query(
    `INSERT INTO webhook_deliveries (webhook_id, event_seq, occurred_at, action, resource_type, resource_id, lane)
     SELECT $1, seq, occurred_at, action, 'x', 'x', $2 FROM audit_events ORDER BY seq LIMIT 3`,
    [rows[0]?.id, lane],
  );
  const take = () => database.transact((tx) => takeTurn(tx, lane, 60_000));
  return {
    stage,
    database,
    look,
    lane,
    take,
    async took() {
      const turn = await take();
      if (turn === undefined) throw new Error("there was nothing to take");
      return turn;
    },
    rows: async () =>
      (
        await look.query<Record<string, unknown>>(
          "SELECT status, attempts, lease IS NOT NULL AS leased, answer_status, error FROM webhook_deliveries ORDER BY event_seq",
        )
      ).rows,
  };
}

const jobAt = (scene: Scene) =>
  scene.look
    .query<{ run_at: Date }>("SELECT run_at FROM graphile_worker.jobs WHERE key = $1", [scene.lane])
    .then(({ rows }) => rows[0]?.run_at);

t.test("operations: the first of a resource is taken by one, and the next only when it has ended", async (t) => {
  const scene = await setScene(t);
  const turns = await Promise.allSettled(Array.from({ length: 8 }, () => scene.take()));
  const [turn, ...others] = turns.flatMap((one) => (one.status === "fulfilled" && one.value ? [one.value] : []));
  if (turn === undefined) return t.fail("nobody took it");
  t.same(others, [], "of eight at once, one");
  t.match(turn.event, { seq: Number(turn.head.event_seq) });
  t.equal(await scene.take(), undefined, "while it is under way nobody takes the next");
  t.equal(await scene.database.transact((tx) => endTurn(tx, turn, taken, retries)), true);
  const next = await scene.took();
  t.ok(BigInt(next.head.event_seq) > BigInt(turn.head.event_seq));
  t.match(await scene.rows(), [
    { status: "delivered", attempts: 1, leased: false, answer_status: 204 },
    { status: "pending", attempts: 1, leased: true },
    { status: "pending", attempts: 0, leased: false },
  ]);
});

t.test(
  "operations: attempts are made further and further apart, with jitter, and end with a dead letter",
  async (t) => {
    const scene = await setScene(t);
    for (let attempt = 1; attempt <= retries.attempts; attempt += 1) {
      const turn = await scene.took();
      const goesOn = await scene.database.transact((tx) => endTurn(tx, turn, failed, retries));
      const { rows } = await scene.look.query<{ seconds: number; status: string; next: Date }>(
        `SELECT extract(epoch FROM next_attempt_at - last_attempt_at)::float8 AS seconds, status, next_attempt_at AS next
         FROM webhook_deliveries WHERE event_seq = $1`,
        [turn.head.event_seq],
      );
      const [row] = rows;
      if (attempt === retries.attempts) {
        t.equal(goesOn, true, "what waits behind it has its turn");
        t.equal(row?.status, "dead");
        continue;
      }
      const planned = 10 * 2 ** (attempt - 1);
      t.ok(row && row.seconds >= planned * 0.75 && row.seconds <= planned * 1.25 + 5, `${attempt}: ${row?.seconds} s`);
      t.equal(goesOn, false);
      t.same(await jobAt(scene), row?.next, "a job waits for that time");
      t.equal(await scene.take(), undefined, "and nobody takes it before");
      await scene.look.query("UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp() WHERE event_seq = $1", [
        turn.head.event_seq,
      ]);
    }
    t.match(await scene.rows(), [{ status: "dead", attempts: 5, error: "answered 500" }, { status: "pending" }, {}]);
    t.not(await scene.take(), undefined, "the next of the resource");
  },
);

t.test(
  "operations: who had longer than an attempt takes has lost it, and what he says then counts for nothing",
  async (t) => {
    const scene = await setScene(t);
    const frozen = await scene.took();
    await scene.look.query("UPDATE webhook_deliveries SET lease_until = clock_timestamp() WHERE lease IS NOT NULL");
    const other = await scene.took();
    t.equal(other.head.event_seq, frozen.head.event_seq, "the same is sent again");
    t.equal(await scene.database.transact((tx) => endTurn(tx, frozen, failed, retries)), false);
    await scene.database.transact((tx) => giveUpTurn(tx, frozen));
    t.match((await scene.rows())[0], { status: "pending", attempts: 2, leased: true, error: null });
    t.equal(await scene.database.transact((tx) => endTurn(tx, other, taken, retries)), true);
    t.equal(await scene.database.transact((tx) => endTurn(tx, frozen, failed, retries)), false, "nor after that");
    t.match((await scene.rows())[0], { status: "delivered", attempts: 2 });
  },
);

t.test("operations: a webhook that does not answer at all rests, and one answer ends that", async (t) => {
  const scene = await setScene(t);
  const state = async () =>
    (await scene.look.query("SELECT silent, rests_until > clock_timestamp() AS rests FROM webhooks")).rows[0] as {
      silent: number;
      rests: boolean | null;
    };
  const again = () =>
    scene.look.query("UPDATE webhook_deliveries SET next_attempt_at = clock_timestamp() WHERE status = 'pending'");
  for (const silence of [1, 2, 3]) {
    const turn = await scene.took();
    await scene.database.transact((tx) => endTurn(tx, turn, silent, { ...retries, attempts: 50 }));
    t.same(await state(), { silent: silence, rests: silence < 3 ? null : true });
    await again();
  }
  t.equal(await scene.take(), undefined, "nothing is sent while it rests");
  const until = await jobAt(scene);
  t.ok(until && until.getTime() > Date.now() - 60_000, "a job waits for the end of it");
  await scene.look.query("UPDATE webhooks SET rests_until = clock_timestamp()");
  const turn = await scene.took();
  await scene.database.transact((tx) => endTurn(tx, turn, failed, { ...retries, attempts: 50 }));
  t.same(await state(), { silent: 0, rests: null }, "a refusal is an answer");
});

t.test("operations: a job that is lost, with its worker or altogether, loses no delivery", async (t) => {
  const stage = await setStage(t);
  const receiver = await startReceiver(t);
  const { client: look } = await lookInto(t, stage.names.superUrl);
  const quiet = await startTelling(t, { stage, config: { webhookPollMs: 0 } });
  const { id } = await register(quiet, receiver.url, ["hold.placed"]);
  await placeHolds(quiet, 4);
  await relayToTheEnd(stage.database);
  t.equal((await look.query("SELECT FROM graphile_worker.jobs")).rowCount, 4);
  // Two were taken by a worker that was killed at once, two are gone.
  await look.query(
    `UPDATE graphile_worker._private_jobs SET locked_by = 'killed', locked_at = clock_timestamp() - interval '4 minutes', attempts = 1
      WHERE id IN (SELECT id FROM graphile_worker._private_jobs ORDER BY id LIMIT 2)`,
  );
  await look.query("DELETE FROM graphile_worker._private_jobs WHERE locked_by IS NULL");
  await look.query("UPDATE webhook_deliveries SET next_attempt_at = next_attempt_at - interval '1 minute'");
  const service = await startTelling(t, { stage });
  await receiver.until((all) => all.length === 4);
  await eventually(
    () => deliveriesOf(service, id),
    (all) => all.every(({ status }) => status === "delivered"),
  );
  await eventually(
    () => look.query("SELECT FROM graphile_worker.jobs WHERE locked_by IS DISTINCT FROM 'killed'"),
    ({ rowCount }) => rowCount === 0,
  );
});

t.test(
  "operations: an event whose month is in a file by now is a dead letter, and what comes after it goes on",
  async (t) => {
    const stage = await setStage(t);
    const receiver = await startReceiver(t);
    const { client: look } = await lookInto(t, stage.names.superUrl);
    const quiet = await startTelling(t, { stage, config: { webhookPollMs: 0 } });
    const { id } = await register(quiet, receiver.url, ["hold.*"]);
    const [hold] = await placeHolds(quiet, 1);
    // As it is when the event was detached: nobody finds it under its time.
    await look.query(
      `INSERT INTO webhook_deliveries (webhook_id, event_seq, occurred_at, action, resource_type, resource_id, lane)
     SELECT $1::uuid, seq - 1, occurred_at - interval '3 months', action, resource_type, resource_id,
            'webhook:' || $1::text || ':' || encode(sha256(convert_to('hold/' || $2::text, 'UTF8')), 'hex')
       FROM audit_events WHERE resource_id = $2::text`,
      [id, hold],
    );
    const service = await startTelling(t, { stage });
    await receiver.until((all) => all.length === 1);
    const [lost] = await deliveriesOf(service, id, "dead");
    t.match(lost, { attempts: 1, answer_status: null, error: /in a file/ });
    const replay = `/v1/webhooks/${id}/deliveries/${lost?.number ?? 0}/replay`;
    t.match(await service.call("POST", replay, { as: "admin" }), { status: 409, body: { code: "EVENT_RETAINED" } });
  },
);
