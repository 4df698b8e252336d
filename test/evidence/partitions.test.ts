import t, { type Test } from "tap";
import type pg from "pg";
import { readInclusion, readLeaves } from "../../src/evidence/index.ts";
import { makeLogKeeper } from "../../src/evidence/log/keep.ts";
import { walkLog } from "../../src/evidence/log/walk.ts";
import { verifyAudit } from "../../src/recovery/index.ts";
import { connect, examineLog, insertEvent, setLogScene } from "../support/log-scene.ts";
import { retain, sealAll, setMonths } from "./retention-scene.ts";

t.setTimeout(280_000);

/** Until so many of this database's statements wait for a table. */
async function waiting(admin: pg.Client, count: number): Promise<void> {
  for (;;) {
    const { rowCount } = await admin.query(
      `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    if (rowCount === count) return;
  }
}

/** Somebody who reads the events and goes on doing so, as pg_dump does for hours. */
async function reading(t: Test, url: string): Promise<pg.Client> {
  const reader = await connect(t, url);
  await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await reader.query("SELECT count(*) FROM audit_events");
  return reader;
}

t.test("AUDIT-2 whoever reads while a month is detached finds nothing missing", async (t) => {
  const scene = await setMonths(t, 60);
  const { admin, database, months, signer } = scene;
  // The oldest month also has an event that a row must have: while its month is not on record as exported.
  await admin.query(`WITH old AS (SELECT date_trunc('month', clock_timestamp(), 'UTC') - interval '3 months' + interval '1 hour' AS at),
    lease AS (INSERT INTO dot_iu_runtime_lease (lease_name, lease_holder, lease_token_hash, fencing_token, acquired_at, renewed_at, expires_at)
              SELECT 'old', 'h', sha256('x'), 1, at, at, at + interval '1 hour' FROM old)
    INSERT INTO audit_events (occurred_at, actor, action, resource_type, resource_id, request_id, after)
    SELECT at, 'h', 'lease.acquired', 'lease', 'old', 'r', '{"fencing_token": 1}' FROM old`);
  await sealAll(scene);
  const holder = await connect(t, scene.names.superUrl);
  await holder.query("BEGIN");
  // The last that the transaction of a detachment writes.
  await holder.query("LOCK TABLE audit_log_links IN SHARE MODE");
  const retaining = retain(scene, { before: months[1] });
  await waiting(admin, 1);
  const read = { readOnly: true };
  const reads = Promise.all([
    walkLog(database, 0, 4, [signer.key]),
    database.transact((tx) => readLeaves(tx, 0, 200), read),
    database.transact((tx) => readInclusion(tx, 10, undefined), read),
    database.transact((tx) => verifyAudit(tx), read),
  ]);
  reads.catch(() => undefined);
  await waiting(admin, 5);
  await holder.query("ROLLBACK");
  const [walked, leaves, proof, verdict] = await reads;
  t.equal((await retaining).retained.length, 1);
  t.same(walked.faults, [], "a walk");
  t.match(leaves.retained, [{ month: months[0] }], "an export");
  t.match(proof, { entry: null, retained: [{ month: months[0] }] }, "a proof");
  t.same(verdict.contradictions, [], "a recovery");
});

t.test("AUDIT-2 a month is made while somebody reads the events, and no transition waits", async (t) => {
  const scene = await setLogScene(t);
  const admin = await connect(t, scene.names.superUrl);
  const last = async (): Promise<string | undefined> => {
    const { rows } = await admin.query<{ last: string }>(
      "SELECT max(partition) AS last FROM audit_partitions() WHERE partition ~ '[0-9]'",
    );
    return rows[0]?.last;
  };
  const month = await last();
  await admin.query(`DROP TABLE ${month}`);
  const reader = await reading(t, scene.names.superUrl);
  await admin.query("SET lock_timeout = 100");
  await t.rejects(
    admin.query(
      "CREATE TABLE later PARTITION OF audit_events FOR VALUES FROM ('2990-01-01 00:00:00+00') TO ('2990-02-01 00:00:00+00')",
    ),
    { code: "55P03" },
    "the control: made in its place, a month waits for the reader",
  );
  const errors: unknown[] = [];
  const keeper = makeLogKeeper({ ...scene, witnesses: [], onError: (error) => errors.push(error) });
  await keeper.seal(() => false);
  t.same(errors, []);
  t.equal(await last(), month);
  const app = await connect(t, scene.names.appUrl);
  await t.resolves(app.query(insertEvent, ["a", 1]));
  await reader.query("ROLLBACK");
});

const shape = `SELECT
  (SELECT array_agg(format('%s %s %s %s %s', attname, format_type(atttypid, atttypmod), attnotnull, attislocal, attstorage) ORDER BY attnum)
     FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0) AS columns,
  (SELECT array_agg(format('%s %s %s', conname, pg_get_constraintdef(oid), coninhcount) ORDER BY conname) FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'c') AS checks,
  (SELECT array_agg(format('%s %s', regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', indisunique::text), (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = indexrelid)) ORDER BY 1)
     FROM pg_index WHERE indrelid = $1::regclass) AS indexes,
  (SELECT array_agg(format('%s %s %s', tgname, tgenabled, tgparentid <> 0) ORDER BY tgname) FROM pg_trigger WHERE tgrelid = $1::regclass) AS triggers`;

t.test("AUDIT-2 a month that is made apart is what one made in its place is", async (t) => {
  const { names } = await setLogScene(t);
  const admin = await connect(t, names.superUrl);
  await admin.query("BEGIN");
  await admin.query(
    "CREATE TABLE later PARTITION OF audit_events FOR VALUES FROM ('2990-01-01 00:00:00+00') TO ('2990-02-01 00:00:00+00')",
  );
  await admin.query("SELECT guard_audit_partition('later')");
  const { rows: expected } = await admin.query(shape, ["later"]);
  await admin.query("ROLLBACK");
  const { rows: partitions } = await admin.query<{ partition: string }>(
    "SELECT partition FROM audit_partitions() WHERE partition ~ '[0-9]'",
  );
  t.ok(partitions.length > 0);
  for (const { partition } of partitions) {
    const { rows } = await admin.query(shape, [partition]);
    t.same(rows, expected, partition);
  }
});

t.test("AUDIT-2 months that cannot be made keep nothing from being sealed", async (t) => {
  const scene = await setLogScene(t);
  const admin = await connect(t, scene.names.superUrl);
  await admin.query("ALTER FUNCTION ensure_audit_partitions RENAME TO gone");
  await admin.query(insertEvent, ["a", 1]);
  const said: string[] = [];
  const keeper = makeLogKeeper({ ...scene, witnesses: [], onError: (_error, what) => said.push(what) });
  while ((await examineLog(scene)).size === 0) await keeper.seal(() => false);
  t.same(said, ["partitions"], "and it is not tried again at once");
});

t.test("AUDIT-2 a detachment behind a reader gives up soon, and comes again", async (t) => {
  const scene = await setMonths(t, 60);
  await sealAll(scene);
  const reader = await reading(t, scene.names.superUrl);
  const app = await connect(t, scene.names.appUrl);
  const retaining = retain(scene);
  retaining.catch(() => undefined);
  await waiting(scene.admin, 1);
  // The reader is still there.
  await waiting(scene.admin, 0);
  await app.query(insertEvent, ["a", 1]);
  await waiting(scene.admin, 1);
  await waiting(scene.admin, 0);
  await reader.query("ROLLBACK");
  t.equal((await retaining).retained.length, 2);
});
