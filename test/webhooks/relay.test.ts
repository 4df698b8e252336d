import type pg from "pg";
import t from "tap";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { relay, relayOnce } from "../../src/webhooks/relay/relay.ts";
import { type Owner, type Stage, setStage } from "../support/service.ts";
import { lookInto, relayToTheEnd } from "./scene.ts";

t.setTimeout(120_000);

const going = (): boolean => false;
const insertEvent = `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, after)
  VALUES ('test', 'thing.changed', 'thing', $1, 'r', to_jsonb($1::text)) RETURNING seq`;

interface Scene {
  readonly stage: Stage;
  readonly database: Database;
  readonly look: pg.Client;
  readonly webhook: string;
}

/** A webhook that is told of everything, and nobody who relays by himself. */
async function setScene(t: Owner): Promise<Scene> {
  const stage = await setStage(t);
  const { client } = await lookInto(t, stage.names.superUrl);
  const { rows } = await client.query<{ id: string }>(
    `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by, cursor_seq)
     VALUES ('https://hooks.example.com/', '{*}', decode(repeat('00', 60), 'hex'), 'k1', 'admin', (SELECT coalesce(max(seq), 0) FROM audit_events)) RETURNING id`,
  );
  return { stage, database: stage.database, look: client, webhook: rows[0]?.id ?? "" };
}

async function delivered({ look, webhook }: Scene): Promise<string[]> {
  const { rows } = await look.query<{ resource_id: string }>(
    "SELECT resource_id FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY event_seq",
    [webhook],
  );
  return rows.map(({ resource_id }) => resource_id);
}

/** As often as it takes where nothing holds it up, and no longer. */
async function relayAWhile({ database }: Scene): Promise<void> {
  for (let n = 0; n < 4; n += 1) await relay(database, going);
}

const relayAll = ({ database }: Scene): Promise<void> => relayToTheEnd(database);

t.test("AUDIT-2 an event that is committed late, with a lower number, is told as well", async (t) => {
  const scene = await setScene(t);
  const { client: late } = await lookInto(t, scene.stage.names.appUrl);
  const { client: early } = await lookInto(t, scene.stage.names.appUrl);
  // What a relay without a horizon does: everything above the last number that it has seen.
  let cursor = (await scene.look.query<{ max: string }>("SELECT max(seq) FROM audit_events")).rows[0]?.max ?? "0";
  const naive: string[] = [];
  const tellNaively = async (): Promise<void> => {
    const { rows } = await scene.look.query<{ seq: string; resource_id: string }>(
      "SELECT seq, resource_id FROM audit_events WHERE seq > $1 ORDER BY seq",
      [cursor],
    );
    naive.push(...rows.map(({ resource_id }) => resource_id));
    cursor = rows.at(-1)?.seq ?? cursor;
  };
  for (let n = 0; n < 10; n += 1) {
    await late.query("BEGIN");
    const { rows: low } = await late.query<{ seq: string }>(insertEvent, [`late-${n}`]);
    const { rows: high } = await early.query<{ seq: string }>(insertEvent, [`early-${n}`]);
    t.ok(BigInt(low[0]?.seq ?? 0) < BigInt(high[0]?.seq ?? 0), "the one that is late has the lower number");
    await relayAWhile(scene);
    await tellNaively();
    t.notOk((await delivered(scene)).includes(`early-${n}`), "what stands behind an open number waits for it");
    await late.query("COMMIT");
    await relayAll(scene);
    await tellNaively();
  }
  const all = Array.from({ length: 10 }, (_, n) => [`late-${n}`, `early-${n}`]).flat();
  t.same(await delivered(scene), all, "each once, in the order of the numbers");
  t.same(
    naive,
    all.filter((name) => name.startsWith("early")),
    "a cursor without a horizon loses all that are late (control)",
  );
});

t.test("AUDIT-2 whatever the order of commits, each event is told once, by several who relay at once", async (t) => {
  const scene = await setScene(t);
  const writers = await Promise.all(Array.from({ length: 6 }, () => lookInto(t, scene.stage.names.appUrl)));
  const others = openDatabase({ url: scene.stage.names.appUrl, poolSize: 4 });
  t.teardown(() => others.close());
  const written = new AbortController();
  const relays = [scene.database, others, others].map(async (database) => {
    while (!written.signal.aborted) await relay(database, going);
  });
  await Promise.all(
    writers.map(async ({ client }, writer) => {
      for (let n = 0; n < 40; n += 1) {
        await client.query("BEGIN");
        await client.query(insertEvent, [`w${writer}-${n}a`]);
        await client.query("SELECT pg_sleep(random() * 0.004)");
        await client.query(insertEvent, [`w${writer}-${n}b`]);
        await client.query(n % 5 === 0 ? "ROLLBACK" : "COMMIT");
      }
    }),
  );
  written.abort();
  await Promise.all(relays);
  await relayAll(scene);
  const { rows } = await scene.look.query<{ resource_id: string }>(
    "SELECT resource_id FROM audit_events WHERE action = 'thing.changed' ORDER BY seq",
  );
  t.equal(rows.length, 6 * 32 * 2);
  t.same(
    (await delivered(scene)).filter((name) => name.startsWith("w")),
    rows.map(({ resource_id }) => resource_id),
  );
});

t.test(
  "operations: a relay that is broken off before its commit has told nothing, and one after it everything",
  async (t) => {
    const scene = await setScene(t);
    for (let n = 0; n < 3; n += 1) await scene.look.query(insertEvent, [`n${n}`]);
    await scene.look.query("UPDATE webhooks SET disabled_at = now(), disabled_by = 'x'");
    await relayAll(scene);
    t.same(await delivered(scene), [], "nothing is made for one that is disabled");
    await scene.look.query("UPDATE webhooks SET disabled_at = NULL, disabled_by = NULL");
    await scene.database.transact((tx) => relayOnce(tx, []), { rollback: true });
    t.same(await delivered(scene), []);
    t.equal((await scene.look.query("SELECT FROM graphile_worker.jobs")).rowCount, 0, "no job of it either");
    await relayAll(scene);
    t.same(await delivered(scene), ["n0", "n1", "n2"], "what happened while it was disabled is told then");
    t.equal((await scene.look.query("SELECT FROM graphile_worker.jobs")).rowCount, 3, "a job for each resource");
  },
);

t.test("operations: a batch that is full is gone on with", async (t) => {
  const scene = await setScene(t);
  await scene.look.query(
    `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id)
     SELECT 'test', 'thing.changed', 'thing', 'r' || n % 7, 'r' FROM generate_series(1, 1700) AS n`,
  );
  await relayAll(scene);
  t.equal((await delivered(scene)).length, 1_700);
  t.equal((await scene.look.query("SELECT FROM graphile_worker.jobs")).rowCount, 7);
});

t.test("operations: patterns take in what they say", async (t) => {
  const scene = await setScene(t);
  const told = async (events: string): Promise<string[]> => {
    const { rows } = await scene.look.query<{ id: string }>(
      `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by, cursor_seq)
       VALUES ('https://hooks.example.com/', $1, decode(repeat('00', 60), 'hex'), 'k1', 'admin', 0) RETURNING id`,
      [events],
    );
    await relayAll(scene);
    const id = rows[0]?.id;
    const made = await scene.look.query<{ action: string }>(
      "SELECT DISTINCT action FROM webhook_deliveries WHERE webhook_id = $1 AND resource_type = 'p' ORDER BY 1",
      [id],
    );
    return made.rows.map(({ action }) => action);
  };
  for (const action of ["grant.consumed", "grant.minted", "grant_x.consumed", "run.opened"]) {
    await scene.look.query(
      "INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id) VALUES ('x', $1, 'p', 'x', 'r')",
      [action],
    );
  }
  t.same(await told("{grant.consumed}"), ["grant.consumed"]);
  t.same(await told("{grant.*}"), ["grant.consumed", "grant.minted"]);
  t.same(await told("{run.*,grant.minted}"), ["grant.minted", "run.opened"]);
  t.equal((await told("{*}")).length, 4);
  t.same(await told("{hold.*}"), []);
});

t.test("operations: a restored database tells nobody anything until it is recovered", async (t) => {
  const scene = await setScene(t);
  await scene.look.query(insertEvent, ["before"]);
  await scene.look.query(
    "CREATE OR REPLACE FUNCTION awaits_recovery() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'",
  );
  await relayAWhile(scene);
  t.same(await delivered(scene), []);
});
