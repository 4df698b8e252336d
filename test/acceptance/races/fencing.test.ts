import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import t, { type Test } from "tap";
import { type Database, migrateTarget, openDatabase } from "../../../src/database/index.ts";
import { raiseFence } from "../../../src/leases/index.ts";
import { useDatabase } from "../../support/cluster.ts";
import { bindings, consume, expectStatus, seedGrants } from "../../support/flow.ts";
import { letTimePass } from "../../support/past.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(120_000);

const leaseName = "lego1-c1-build";
const newer = (fencingToken: number) => ({ leaseName, fencingToken, authCode: "GBA-C1-NEXT" });
const holderFile = fileURLToPath(new URL("../../support/holder.ts", import.meta.url));

interface Target {
  readonly url: string;
  readonly database: Database;
}

async function makeTarget(t: Test): Promise<Target> {
  const names = await useDatabase(t, { migrated: false });
  await migrateTarget({ ownerUrl: names.ownerUrl });
  const database = openDatabase({ url: names.ownerUrl, poolSize: 3 });
  t.teardown(() => database.close());
  await database.transact((tx) => tx.query("CREATE TABLE effects (id bigserial PRIMARY KEY, fence bigint NOT NULL)"));
  return { url: names.ownerUrl, database };
}

/** A holder in a process of its own; `says` waits for a line of it. */
class Holder {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly heard: string[] = [];

  constructor(t: Test, orders: object) {
    this.child = spawn(process.execPath, [holderFile, JSON.stringify(orders)], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.child.stdout === null) throw new Error("the holder has no output");
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    t.teardown(async () => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) return;
      const gone = once(this.child, "exit");
      this.child.kill("SIGCONT");
      this.child.kill("SIGKILL");
      await gone;
    });
  }

  async says(form: RegExp): Promise<string> {
    for (;;) {
      const next = (await this.#lines.next()) as IteratorResult<string, undefined>;
      if (next.done === true) throw new Error(`the holder ended before it said ${form}: ${this.heard.join(", ")}`);
      this.heard.push(next.value);
      if (form.test(next.value)) return next.value;
    }
  }

  goOn(): void {
    this.child.kill("SIGCONT");
    this.child.stdin?.write("go on\n");
  }
}

async function startHolder(t: Test, service: InProcess, target: Target, options: { waitsAt: string; naive?: boolean }) {
  const [authCode = ""] = await service.stage.database.transact((tx) => seedGrants(tx, 1));
  const holder = new Holder(t, {
    url: service.url,
    token: service.tokens["c1-builder"],
    authCode,
    body: { ...bindings(), idempotency_root: `root-${authCode}`, lease: { name: leaseName, ttl_seconds: 600 } },
    leaseName,
    targetUrl: target.url,
    controlUrl: service.stage.names.appUrl,
    naive: false,
    ...options,
  });
  await holder.says(/^raised 1$/);
  await holder.says(new RegExp(`^waits ${options.waitsAt}$`));
  holder.child.kill("SIGSTOP");
  return holder;
}

/** The next holder takes the lapsed lease over. @returns its fence */
async function takeOver(service: InProcess): Promise<number> {
  await letTimePass(service.stage, "dot_iu_runtime_lease", leaseName);
  const [authCode = ""] = await service.stage.database.transact((tx) => seedGrants(tx, 1));
  const receipt = await expectStatus(consume(service, authCode, "next", { lease: { name: leaseName } }), 200);
  return (receipt.body["lease"] as unknown as { fencing_token: number }).fencing_token;
}

const writeAs = (target: Target, fence: number) =>
  target.database.transact(async (tx) => {
    await raiseFence(tx, newer(fence));
    await tx.query("INSERT INTO effects (fence) VALUES ($1)", [fence]);
  });

/** Writes of an older holder after one of a newer: there must be none. */
async function stale(target: Target): Promise<unknown[]> {
  const { rows } = await target.database.transact((tx) =>
    tx.query(
      "SELECT id, fence FROM (SELECT id, fence, max(fence) OVER (ORDER BY id) AS newest FROM effects) AS e WHERE fence < newest",
    ),
  );
  return rows;
}

for (const waitsAt of ["between", "before-fence"]) {
  t.test(`LEASE-2 a holder that was stopped ${waitsAt} past its lease writes nothing after a newer one`, async (t) => {
    const service = await startService(t);
    const target = await makeTarget(t);
    const holder = await startHolder(t, service, target, { waitsAt });
    const fence = await takeOver(service);
    t.equal(fence, 2);
    await writeAs(target, fence);
    holder.goOn();
    t.equal(await holder.says(/^(?:wrote|refused|failed)/), "refused FENCED_OUT");
    t.equal(await holder.says(/^renew/), "renew 403 LEASE_TOKEN_INVALID");
    t.same(await stale(target), []);
    const { rows } = await target.database.transact((tx) =>
      tx.query("SELECT fence::int, count(*)::int AS n FROM effects GROUP BY 1 ORDER BY 1"),
    );
    t.same(rows, [
      { fence: 1, n: 2 },
      { fence: 2, n: 1 },
    ]);
    const events = await service.call("GET", `/v1/audit/events?resource_id=${leaseName}&limit=1`, { as: "auditor" });
    t.match(events.body["items"], [
      { action: "lease.acquired", before: { status: "expired", fencing_token: 1 }, after: { fencing_token: 2 } },
    ]);
  });
}

t.test("LEASE-2 a holder that was stopped with the fence keeps the newer one waiting until its commit", async (t) => {
  const service = await startService(t);
  const target = await makeTarget(t);
  const holder = await startHolder(t, service, target, { waitsAt: "with-fence" });
  const fence = await takeOver(service);
  const client = new pg.Client({ connectionString: target.url });
  await client.connect();
  t.teardown(() => client.end());
  await client.query("BEGIN");
  const raising = client.query(
    "UPDATE countersign_fence SET fencing_token = $2, raised_at = clock_timestamp() WHERE lease_name = $1",
    [leaseName, fence],
  );
  const waits = async (): Promise<boolean> => {
    const { rows } = await target.database.transact((tx) =>
      tx.query(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE countersign_fence%'",
      ),
    );
    return rows.length > 0;
  };
  // not a sleep: the pause between two looks at a condition
  while (!(await waits())) await pause(10);
  holder.goOn();
  t.equal(await holder.says(/^(?:wrote|refused|failed) *3?/), "wrote 3", "its commit comes before the newer fence");
  await raising;
  await client.query("INSERT INTO effects (fence) VALUES ($1)", [fence]);
  await client.query("COMMIT");
  t.equal(await holder.says(/^(?:refused|failed)/), "refused FENCED_OUT");
  t.same(await stale(target), []);
});

t.test("LEASE-2 a holder whose session the target has dropped, fence and all, has written nothing", async (t) => {
  const service = await startService(t);
  const target = await makeTarget(t);
  const holder = await startHolder(t, service, target, { waitsAt: "with-fence" });
  // What idle_in_transaction_session_timeout does after 15 s to one that stays stopped.
  const { rows: dropped } = await target.database.transact((tx) =>
    tx.query(
      `SELECT pg_terminate_backend(pid, 5000) AS gone FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'`,
    ),
  );
  t.same(dropped, [{ gone: true }]);
  await writeAs(target, await takeOver(service));
  holder.goOn();
  t.match(await holder.says(/^(?:wrote 3|refused|failed)/), /^failed .*connection was lost/);
  t.equal(await holder.says(/^renew/), "renew 403 LEASE_TOKEN_INVALID");
  t.same(await stale(target), []);
});

t.test(
  "LEASE-2 the control: a holder that looks at its lease and then writes is caught by the same check",
  async (t) => {
    const service = await startService(t);
    const target = await makeTarget(t);
    const holder = await startHolder(t, service, target, { waitsAt: "before-fence", naive: true });
    await writeAs(target, await takeOver(service));
    holder.goOn();
    t.equal(await holder.says(/^(?:wrote 3|refused|failed)/), "wrote 3");
    t.not((await stale(target)).length, 0);
  },
);

t.test(
  "LEASE-2 the target's fence never falls, whoever writes, and a database that was restored cannot lower it",
  async (t) => {
    const target = await makeTarget(t);
    const act = (fence: number) => target.database.transact((tx) => raiseFence(tx, newer(fence)));
    await act(5);
    await act(5);
    const out = { code: "FENCED_OUT", members: { fencing_token: 4, standing: 5 } };
    await t.rejects(act(4), out, "the control database came back from a backup with an older fence");
    await act(6);
    for (const sql of [
      "UPDATE countersign_fence SET fencing_token = 1",
      "UPDATE countersign_fence SET fencing_token = 6",
      "UPDATE countersign_fence SET lease_name = 'x', fencing_token = 9",
      "DELETE FROM countersign_fence",
      "TRUNCATE countersign_fence",
    ]) {
      await t.rejects(
        target.database.transact((tx) => tx.query(sql)),
        { code: /^23/ },
        sql,
      );
    }
    const racers = Array.from({ length: 40 }, (_, n) => act(7 + (n % 20)));
    await Promise.allSettled(racers);
    const { rows } = await target.database.transact((tx) =>
      tx.query("SELECT fencing_token::int AS fence FROM countersign_fence"),
    );
    t.same(rows, [{ fence: 26 }]);
    t.same(await migrateTarget({ ownerUrl: target.url }), [], "migrating again changes nothing");
  },
);
