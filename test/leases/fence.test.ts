import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import t, { type Test } from "tap";
import { type Database, migrateTarget, openDatabase, type Tx } from "../../src/database/index.ts";
import { type Fence, holdFence, raiseFence } from "../../src/leases/index.ts";
import { type TestDatabase, useDatabase } from "../support/cluster.ts";

const name = "lego1-c1-build";

interface Target {
  readonly names: TestDatabase;
  readonly database: Database;
}

async function makeTarget(t: Test): Promise<Target> {
  const names = await useDatabase(t, { migrated: false });
  await migrateTarget({ ownerUrl: names.ownerUrl });
  const database = openDatabase({ url: names.ownerUrl, poolSize: 4 });
  t.teardown(() => database.close());
  return { names, database };
}

/** A transaction that has done its work and is open until it is told how to end. */
async function stayOpen(database: Database, work: (tx: Tx) => Promise<void>) {
  const done = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const ended = database.transact(async (tx) => {
    await work(tx);
    done.resolve();
    await end.promise;
  });
  // `end` settles it; what it comes to is looked at then.
  ended.catch(done.reject);
  await done.promise;
  return {
    commit: async () => {
      end.resolve();
      await ended;
    },
    rollBack: async () => {
      end.reject(new Error("rolled back on purpose"));
      await ended.catch(() => undefined);
    },
  };
}

/** Waits until a session of the target waits for a lock. */
async function someoneWaits(target: Target): Promise<void> {
  const waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  // not a sleep: the pause between two looks at a condition
  while ((await target.database.transact((tx) => tx.query(waiting))).rowCount === 0) await pause(10);
}

const held = (leaseName: string, fencingToken: number, authCode = "GBA-C1-FIRST"): Fence => ({
  leaseName,
  fencingToken,
  authCode,
});

const raise = (target: Target, fence: number, lease = name) =>
  target.database.transact((tx) => raiseFence(tx, held(lease, fence)));
const hold = (target: Target, fence: number, lease = name) =>
  target.database.transact((tx) => holdFence(tx, held(lease, fence)));

/** Starts an act that must wait, and is handed over as a promise that nobody has to catch yet. */
async function beginWaiting<T>(
  target: Target,
  act: () => Promise<T>,
): Promise<{ result: Promise<T>; settled: () => boolean }> {
  let over = false;
  const result = act();
  const note = (): void => void (over = true);
  result.then(note, note);
  await someoneWaits(target);
  return { result, settled: () => over };
}

async function standing(target: Target): Promise<unknown[]> {
  const { rows } = await target.database.transact((tx) =>
    tx.query<{ fence: number }>("SELECT fencing_token::int AS fence FROM countersign_fence ORDER BY lease_name"),
  );
  return rows.map((row) => row.fence);
}

t.test("LEASE-2 the fence lets its own number through, and no other, and none where it was never raised", async (t) => {
  const target = await makeTarget(t);
  await t.rejects(hold(target, 1), { code: "FENCED_OUT", members: { standing: null } });
  await raise(target, 5);
  await hold(target, 5);
  for (const other of [4, 6]) {
    await t.rejects(hold(target, other), { code: "FENCED_OUT", members: { fencing_token: other, standing: 5 } });
  }
  await t.rejects(hold(target, 5, "another-lease"), { code: "FENCED_OUT" }, "each lease has a fence of its own");
  await raise(target, 1, "another-lease");
  t.same(await standing(target), [1, 5]);
});

t.test("LEASE-2 a write that waited for the fence compares with what was committed meanwhile", async (t) => {
  const target = await makeTarget(t);
  await raise(target, 1);
  const newer = await stayOpen(target.database, (tx) => raiseFence(tx, held(name, 2)));
  const late = await beginWaiting(target, () => hold(target, 1));
  await newer.commit();
  await t.rejects(late.result, { code: "FENCED_OUT", members: { fencing_token: 1, standing: 2 } });
});

t.test("LEASE-2 a write that waited for a raise that came to nothing goes on", async (t) => {
  const target = await makeTarget(t);
  await raise(target, 1);
  const newer = await stayOpen(target.database, (tx) => raiseFence(tx, held(name, 2)));
  const older = await beginWaiting(target, () => hold(target, 1));
  await newer.rollBack();
  await t.resolves(older.result);
  t.same(await standing(target), [1]);
});

t.test("LEASE-2 whoever has the fence has it to the commit: a raise waits, and so does the same holder", async (t) => {
  const target = await makeTarget(t);
  await raise(target, 1);
  for (const [what, act] of [
    ["another write of the holder", () => hold(target, 1)],
    ["the next holder", () => raise(target, 2)],
  ] as const) {
    const write = await stayOpen(target.database, (tx) => holdFence(tx, held(name, 1)));
    const next = await beginWaiting(target, act);
    t.equal(next.settled(), false, `${what} waits`);
    await write.commit();
    await t.resolves(next.result, `${what} goes on`);
  }
  t.same(await standing(target), [2]);
});

t.test("LEASE-2 of two who raise the fence at once, the very first time too, the higher stays", async (t) => {
  for (const before of [undefined, 1]) {
    const target = await makeTarget(t);
    if (before !== undefined) await raise(target, before);
    const higher = await stayOpen(target.database, (tx) => raiseFence(tx, held(name, 7)));
    const lower = await beginWaiting(target, () => raise(target, 3));
    await higher.commit();
    await t.rejects(lower.result, { code: "FENCED_OUT", members: { fencing_token: 3, standing: 7 } });
    const same = await stayOpen(target.database, (tx) => raiseFence(tx, held(name, 7)));
    const highest = await beginWaiting(target, () => raise(target, 9));
    await same.commit();
    await t.resolves(highest.result);
    t.same(await standing(target), [9]);
  }
});

t.test("LEASE-2 a session that replays a replication stream cannot lower the fence or take it away", async (t) => {
  const target = await makeTarget(t);
  await raise(target, 5);
  const client = new pg.Client({ connectionString: target.names.superUrl });
  await client.connect();
  t.teardown(() => client.end());
  await client.query("SET session_replication_role = replica");
  for (const [sql, code] of [
    ["UPDATE countersign_fence SET fencing_token = 4", "23514"],
    ["DELETE FROM countersign_fence", "23001"],
    ["TRUNCATE countersign_fence", "23001"],
    ["INSERT INTO countersign_fence (lease_name, fencing_token, auth_code) VALUES ('x', 0, 'g')", "23514"],
  ] as const) {
    await t.rejects(client.query(sql), { code }, sql);
  }
  t.same(await standing(target), [5]);
});

t.test("LEASE-2 a target keeps its own tables and migrations, and gives the service's role nothing", async (t) => {
  const names = await useDatabase(t, { migrated: false });
  const client = new pg.Client({ connectionString: names.ownerUrl });
  await client.connect();
  t.teardown(() => client.end());
  await client.query("CREATE TABLE schema_migrations (version text)");
  await client.query("INSERT INTO schema_migrations VALUES ('theirs')");
  const { ownerUrl } = names;
  const applied = await Promise.all(Array.from({ length: 5 }, () => migrateTarget({ ownerUrl })));
  t.equal(applied.filter((files) => files.length > 0).length, 1, "five at once apply each file once");
  t.same((await client.query("SELECT * FROM schema_migrations")).rows, [{ version: "theirs" }]);
  const { rows } = await client.query<{ tablename: string; open: boolean }>(
    `SELECT tablename, has_table_privilege('countersign_app', tablename, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') AS open
       FROM pg_tables WHERE schemaname = 'public'`,
  );
  t.same(
    rows.filter((table) => !table.tablename.startsWith("countersign_")).map((table) => table.tablename),
    ["schema_migrations"],
  );
  t.same(
    rows.filter((table) => table.open),
    [],
  );
});

t.test(
  "LEASE-2 the same number of another grant, as a restored control database gives it out, is refused",
  async (t) => {
    const target = await makeTarget(t);
    const first = held("restored", 4, "GBA-C1-BEFORE");
    const second = held("restored", 4, "GBA-C1-AFTER");
    await target.database.transact((tx) => raiseFence(tx, first));
    const refused = { code: "FENCED_OUT", message: /GBA-C1-BEFORE .* GBA-C1-AFTER/ };
    await t.rejects(
      target.database.transact((tx) => raiseFence(tx, second)),
      refused,
    );
    await t.rejects(
      target.database.transact((tx) => holdFence(tx, second)),
      refused,
    );
    await target.database.transact((tx) => holdFence(tx, first));
    await target.database.transact((tx) => raiseFence(tx, { ...second, fencingToken: 5 }));
    await t.rejects(
      target.database.transact((tx) => holdFence(tx, first)),
      { code: "FENCED_OUT" },
    );
  },
);
