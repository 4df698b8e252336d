import t, { type Test } from "tap";
import type pg from "pg";
import { openLog, verifyLog } from "../../src/evidence/index.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { walkLog } from "../../src/evidence/log/walk.ts";
import { connect, examineLog, insertEvent, type LogScene, setLogScene } from "../support/log-scene.ts";
import { sealAll } from "./retention-scene.ts";

t.setTimeout(280_000);

const insertEvents = `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, after)
  SELECT 'writer', 'thing.changed', 'thing', 't' || n % 7, 'r', jsonb_build_object('version', n) FROM generate_series($1::int, $2::int) AS n`;

async function unguarded(t: Test): Promise<{ scene: LogScene; admin: pg.Client }> {
  const scene = await setLogScene(t);
  await scene.database.transact((tx) => openLog(tx, scene.signer));
  const admin = await connect(t, scene.names.superUrl);
  await admin.query(insertEvents, [1, 300]);
  await sealAll(scene);
  await admin.query("SET session_replication_role = replica");
  for (const table of [
    "audit_events",
    "audit_log",
    "audit_tiles",
    "audit_bundles",
    "audit_checkpoints",
    "audit_log_keys",
    "audit_log_links",
    "audit_retained",
    "audit_log_links",
  ])
    await admin.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
  return { scene, admin };
}

async function walked({ database, signer }: LogScene): Promise<string[]> {
  const codes: string[] = [];
  for (let from = 0; ; ) {
    const { next, faults } = await walkLog(database, from, 1, [signer.key]);
    codes.push(...faults.map(({ code }) => code));
    if (next === 0) return codes;
    from = next;
  }
}

t.test("AUDIT-2 events that a forged record of a retained month excuses are missed all the same", async (t) => {
  const { scene: log, admin } = await unguarded(t);
  await admin.query("DELETE FROM audit_events WHERE seq BETWEEN 100 AND 120");
  await admin.query(`INSERT INTO audit_retained (partition, month, leaves, first_leaf, last_leaf, first_seq, last_seq, file, sha256, checkpoint_size, until, retained_by)
    VALUES ('audit_events_2020_01', '2020-01', 21, 99, 119, 100, 120, '/nowhere', repeat('0', 64), 300, '2020-02-01', 'service:retain')`);
  const { passed, findings } = await verifyLog(log.database, [log.signer.key]);
  t.notSame(await walked(log), [], "the walk");
  t.notOk(passed, JSON.stringify(findings));
});

t.test("AUDIT-2 an event under the number of a sealed one is noticed", async (t) => {
  for (const [when, at] of [
    ["before", "-"],
    ["after", "+"],
  ]) {
    const { scene: log, admin } = await unguarded(t);
    await admin.query(
      `INSERT INTO audit_events (transaction, seq, occurred_at, actor, action, resource_type, resource_id, request_id, after, digests)
       SELECT transaction, seq, occurred_at ${at} interval '1 second', 'forger', action, resource_type, resource_id, request_id, after, digests FROM audit_events WHERE seq = 150`,
    );
    t.notSame(await walked(log), [], `${when} it`);
  }
});

t.test(
  "AUDIT-2 a sequence that was set back is a fault of the log, and no event is passed over in silence",
  async (t) => {
    const { scene: log, admin } = await unguarded(t);
    await admin.query("SELECT setval('audit_events_seq', 200)");
    await admin.query(insertEvent, ["a", 1]);
    const errors: unknown[] = [];
    const keeper = makeLogKeeper({
      database: log.database,
      signer: log.signer,
      witnesses: [],
      onError: (error) => errors.push(error),
    });
    for (let n = 0; n < 3; n += 1) await keeper.seal(() => false);
    t.comment(String(errors.map(String)), String(keeper.fault), (await examineLog(log)).size);
    t.ok(keeper.fault !== undefined, "the keeper says so");
  },
);

t.test("AUDIT-2 an event that was found to be changed is told of, and new ones still get into the log", async (t) => {
  const { scene: log, admin } = await unguarded(t);
  await admin.query("UPDATE audit_events SET actor = 'x' WHERE seq = 10");
  const keeper = makeLogKeeper({ database: log.database, signer: log.signer, witnesses: [], onError: () => undefined });
  await keeper.seal(() => false);
  t.equal(keeper.fault?.code, "EVENT_CONTRADICTED");
  await admin.query(insertEvents, [301, 302]);
  for (let size = 300; size < 302; size = (await examineLog(log)).size) await keeper.seal(() => false);
  t.equal(keeper.fault?.code, "EVENT_CONTRADICTED", "as docs/explanation/log.md says");
});

t.test("AUDIT-2 a fault stays while another process seals", async (t) => {
  const { scene: log, admin } = await unguarded(t);
  const keeper = makeLogKeeper({ database: log.database, signer: log.signer, witnesses: [], onError: () => undefined });
  await keeper.seal(() => false);
  await admin.query("UPDATE audit_log SET size = 3");
  await keeper.seal(() => false);
  t.equal(keeper.fault?.code, "LOG_SHRUNK");
  await admin.query("BEGIN");
  await admin.query("SELECT FROM audit_log FOR UPDATE");
  await keeper.seal(() => false);
  t.ok(keeper.fault !== undefined, "somebody else holds the head, and nothing was looked at");
  await admin.query("ROLLBACK");
});

t.test("AUDIT-2 transitions do not wait for a partition that cannot be made at once", async (t) => {
  const { scene: log, admin } = await unguarded(t);
  const [reader, writer] = [await connect(t, log.names.superUrl), await connect(t, log.names.appUrl)];
  const { rows } = await admin.query<{ last: string }>(
    "SELECT max(partition) AS last FROM audit_partitions() WHERE partition <> 'audit_events_before_log'",
  );
  await admin.query(`DROP TABLE ${rows[0]?.last}`);
  // As pg_dump does, for hours.
  await reader.query("BEGIN");
  await reader.query("SELECT count(*) FROM audit_events");
  const keeper = makeLogKeeper({ database: log.database, signer: log.signer, witnesses: [], onError: () => undefined });
  let made = false;
  const making = keeper.seal(() => false).finally(() => (made = true));
  for (;;) {
    const { rows: found } = await admin.query(
      "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND mode = 'AccessExclusiveLock'",
    );
    if (found.length > 0 || made) break;
  }
  await writer.query("SET lock_timeout = 500");
  await t.resolves(writer.query(insertEvent, ["a", 1]), "a transition");
  await making;
  await reader.query("ROLLBACK");
});

t.test("AUDIT-2 a record of a retained month that only a row beside the log vouches for excuses nothing", async (t) => {
  const { scene: log, admin } = await unguarded(t);
  await admin.query("DELETE FROM audit_events WHERE seq BETWEEN 100 AND 120");
  const after = {
    partition: "audit_events_2020_01",
    month: "2020-01",
    leaves: 21,
    first_leaf: 99,
    last_leaf: 119,
    first_seq: 100,
    last_seq: 120,
    sha256: "0".repeat(64),
    file: "/nowhere",
  };
  await admin.query(`INSERT INTO audit_retained (partition, month, leaves, first_leaf, last_leaf, first_seq, last_seq, file, sha256, checkpoint_size, until, retained_by)
    VALUES ('audit_events_2020_01', '2020-01', 21, 99, 119, 100, 120, '/nowhere', repeat('0', 64), 300, '2020-02-01', 'service:retain')`);
  const event = {
    seq: 1_000_000_000_000,
    occurred_at: "2020-01-01T00:00:00.000000Z",
    actor: "service:retain",
    action: "audit_month.retained",
    resource_type: "audit_month",
    resource_id: "audit_events_2020_01",
    request_id: "r",
    before: null,
    after,
    digests: {},
  };
  await admin.query("INSERT INTO audit_log_links (seq, event) VALUES ($1, $2)", [event.seq, JSON.stringify(event)]);
  t.notSame(await walked(log), [], "the walk");
  t.notOk((await verifyLog(log.database, [log.signer.key])).passed);
});
