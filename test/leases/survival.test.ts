import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import t, { type Test } from "tap";
import { migrateTarget, openDatabase } from "../../src/database/index.ts";
import { raiseFence } from "../../src/leases/index.ts";
import { useDatabase } from "../support/cluster.ts";
import { consume, expectStatus, seedGrants } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { type Service, setStage, spawnService, type Stage } from "../support/service.ts";

t.setTimeout(60_000);

const name = "lego1-c1-build";
const table = "dot_iu_runtime_lease";

interface Held {
  readonly token: string;
  readonly fencing_token: number;
}

async function newGrant(stage: Stage): Promise<string> {
  const [authCode = ""] = await stage.database.transact((tx) => seedGrants(tx, 1));
  return authCode;
}

async function reserve(service: Service, authCode: string, replayed = false): Promise<Held> {
  const { body } = await expectStatus(consume(service, authCode, `root-${authCode}`, { lease: { name } }), 200);
  if (body["replayed"] !== (replayed as unknown)) throw new Error(`replayed: ${String(body["replayed"])}`);
  return body["lease"] as unknown as Held;
}

async function connect(t: Test, connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

/** The lease as committed, and the grants used under it. */
async function facts(stage: Stage) {
  const { rows } = await stage.database.transact((tx) =>
    tx.query<{ fence: number; receipts: number[]; events: number[] }>(
      `SELECT fencing_token::int AS fence,
              (SELECT array_agg(fencing_token::int ORDER BY consumed_at) FROM grant_receipts WHERE lease_name = $1) AS receipts,
              (SELECT array_agg((after ->> 'fencing_token')::int ORDER BY seq) FROM audit_events
                WHERE action = 'lease.acquired' AND resource_id = $1) AS events
         FROM ${table} WHERE lease_name = $1`,
      [name],
    ),
  );
  return rows[0];
}

/** Kills the service when it has taken the lease and burnt the grant, and has committed neither. */
async function crashBeforeCommit(t: Test, stage: Stage, authCode: string): Promise<void> {
  const service = await spawnService(t, stage);
  const owner = await connect(t, stage.names.ownerUrl);
  await owner.query("BEGIN; LOCK TABLE grant_receipts IN SHARE MODE");
  const lost = consume(service, authCode, `root-${authCode}`, { lease: { name } }).catch(() => "lost");
  const stuck =
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO grant_receipts%'";
  // Not as the owner: within one transaction the activity is read once.
  // not a sleep: the pause between two looks at a condition
  while ((await stage.database.transact((tx) => tx.query(stuck))).rowCount === 0) await pause(10);
  await service.kill("SIGKILL");
  t.equal(await lost, "lost");
  await owner.query("ROLLBACK");
}

/** Kills the service as soon as the lease's fence has risen to `fence`: its answer may be lost, its commit is not. */
async function crashAfterCommit(t: Test, stage: Stage, authCode: string, fence: number): Promise<void> {
  const service = await spawnService(t, stage);
  const pending = consume(service, authCode, `root-${authCode}`, { lease: { name } }).catch(() => "lost");
  // not a sleep: the pause between two looks at a condition
  while ((await facts(stage))?.fence !== fence) await pause(10);
  await service.kill("SIGKILL");
  await pending;
}

t.test("LEASE-2 each acquisition raises the fence by one, over release, expiry, restart and crash", async (t) => {
  const stage = await setStage(t);
  let service = await spawnService(t, stage);
  const first = await reserve(service, await newGrant(stage));
  t.equal(first.fencing_token, 1);
  const released = service.call("POST", `/v1/leases/${name}/release`, {
    as: "c1-builder",
    body: { token: first.token },
  });
  await expectStatus(released, 200);
  t.equal((await reserve(service, await newGrant(stage))).fencing_token, 2, "after a release");

  await letTimePass(stage, table, name);
  t.equal((await reserve(service, await newGrant(stage))).fencing_token, 3, "after an expiry");

  await service.kill("SIGTERM");
  await letTimePass(stage, table, name);
  service = await spawnService(t, stage);
  t.equal((await reserve(service, await newGrant(stage))).fencing_token, 4, "after a restart");

  await letTimePass(stage, table, name);
  const uncommitted = await newGrant(stage);
  await crashBeforeCommit(t, stage, uncommitted);
  t.same(await facts(stage), { fence: 4, receipts: [1, 2, 3, 4], events: [1, 2, 3, 4] }, "nothing of it is left");
  t.equal((await reserve(service, uncommitted)).fencing_token, 5, "the grant is still good, and so is the number");

  await letTimePass(stage, table, name);
  const committed = await newGrant(stage);
  await crashAfterCommit(t, stage, committed, 6);
  const again = await reserve(service, committed, true);
  t.equal(again.fencing_token, 6, "another process shows the same lease again");
  const renewed = service.call("POST", `/v1/leases/${name}/renew`, { as: "c1-builder", body: { token: again.token } });
  await expectStatus(renewed, 200);
  const all = [1, 2, 3, 4, 5, 6];
  t.same(await facts(stage), { fence: 6, receipts: all, events: all });
});

t.test("LEASE-2 a control database that was restored gives out a lower fence, and the target refuses it", async (t) => {
  const stage = await setStage(t);
  const service = await spawnService(t, stage);
  const names = await useDatabase(t, { migrated: false });
  await migrateTarget({ ownerUrl: names.ownerUrl });
  const target = openDatabase({ url: names.ownerUrl, poolSize: 1 });
  t.teardown(() => target.close());
  const superuser = await connect(t, stage.names.superUrl);
  for (const fence of [1, 2, 3]) {
    const authCode = await newGrant(stage);
    const held = await reserve(service, authCode);
    t.equal(held.fencing_token, fence);
    await target.transact((tx) => raiseFence(tx, { leaseName: name, fencingToken: held.fencing_token, authCode }));
    await letTimePass(stage, table, name);
  }
  await superuser.query(
    `BEGIN; ALTER TABLE ${table} DISABLE TRIGGER guard_lease; UPDATE ${table} SET fencing_token = 1;
     ALTER TABLE ${table} ENABLE ALWAYS TRIGGER guard_lease; COMMIT`,
  );
  const authCode = await newGrant(stage);
  const restored = await reserve(service, authCode);
  t.equal(restored.fencing_token, 2, "as the backup has it");
  await t.rejects(
    target.transact((tx) => raiseFence(tx, { leaseName: name, fencingToken: restored.fencing_token, authCode })),
    { code: "FENCED_OUT", members: { fencing_token: 2, standing: 3 } },
  );
  const { rows } = await target.transact((tx) => tx.query("SELECT fencing_token::int AS fence FROM countersign_fence"));
  t.same(rows, [{ fence: 3 }]);
});
