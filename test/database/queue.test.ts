import { readFile } from "node:fs/promises";
import pg from "pg";
import { setImmediate as others } from "node:timers/promises";
import t from "tap";
import { migrate, openDatabase } from "../../src/database/index.ts";
import { queueRevision } from "../../src/database/queue.ts";
import { makeQueuePool } from "../../src/webhooks/queue/pool.ts";
import { useDatabase } from "../support/cluster.ts";

t.setTimeout(120_000);

t.test("operations: the queue is installed with the migrations, by several starts at once, and once", async (t) => {
  const names = await useDatabase(t, { migrated: false });
  await Promise.all([1, 2, 3].map(() => migrate({ ownerUrl: names.ownerUrl })));
  const owner = new pg.Client({ connectionString: names.ownerUrl });
  await owner.connect();
  t.teardown(() => owner.end());
  const { rows } = await owner.query<{ id: number }>("SELECT max(id) AS id FROM graphile_worker.migrations");
  t.equal(rows[0]?.id, queueRevision, "it is the revision that is looked for at a start");
  const migrations = (await owner.query("SELECT id, ts FROM graphile_worker.migrations ORDER BY id")).rows;
  await migrate({ ownerUrl: names.ownerUrl });
  t.same((await owner.query("SELECT id, ts FROM graphile_worker.migrations ORDER BY id")).rows, migrations);
  // A later version of the library has a table more, or an administrator takes something away: the next start sees to it.
  await owner.query("DROP POLICY countersign_app ON graphile_worker._private_jobs");
  await owner.query("REVOKE ALL ON graphile_worker._private_jobs FROM countersign_app");
  await migrate({ ownerUrl: names.ownerUrl });
  const app = new pg.Client({ connectionString: names.appUrl });
  await app.connect();
  t.teardown(() => app.end());
  const added = await app.query("SELECT * FROM graphile_worker.add_job('x', '{}', job_key => 'k')");
  t.equal(added.rowCount, 1, "the app role works with it");
  t.equal((await app.query("DELETE FROM graphile_worker._private_jobs")).rowCount, 1);
  await t.rejects(app.query("DELETE FROM graphile_worker.migrations"), { code: "42501" });
  await t.rejects(app.query("CREATE TABLE graphile_worker.x ()"), { code: "42501" });
});

t.test("operations: the library's version is the one whose revision is looked for", async (t) => {
  const manifest = JSON.parse(
    await readFile(new URL("../../node_modules/graphile-worker/package.json", import.meta.url), "utf8"),
  ) as { version: string };
  t.equal(manifest.version, "0.17.3", "with another one, see that queueRevision is its last migration");
});

t.test(
  "operations: the queue listens to nothing and prepares nothing, so that a transaction pooler may stand between",
  async (t) => {
    const names = await useDatabase(t);
    const database = openDatabase({ url: names.appUrl, poolSize: 4 });
    t.teardown(() => database.close());
    const asked: string[] = [];
    const watched: typeof database = {
      ...database,
      transact: (work, options) =>
        database.transact(
          (tx) =>
            work({
              ...tx,
              query: (text, values, how) => {
                asked.push(text, ...(how?.prepare === true ? ["PREPARED"] : []));
                return tx.query(text, values, how);
              },
            }),
          options,
        ),
    };
    const { run } = await import("graphile-worker");
    const { pool, nudge } = makeQueuePool(watched);
    const done: unknown[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const runner = await run({
      pgPool: pool,
      concurrency: 3,
      pollInterval: 3_600_000,
      noHandleSignals: true,
      noPreparedStatements: true,
      parsedCronItems: [],
      taskList: {
        x: (payload) => {
          done.push(payload);
          if (done.length === 2) resolve();
        },
      },
    });
    const app = new pg.Client({ connectionString: names.appUrl });
    await app.connect();
    t.teardown(() => app.end());
    for (const n of [1, 2]) {
      await app.query("SELECT graphile_worker.add_job('x', $1)", [JSON.stringify({ n })]);
      // Whoever polls says that there may be something; nothing else brings the worker to look within the hour.
      while (done.length < n) {
        nudge();
        await others();
      }
    }
    await promise;
    await runner.stop();
    t.same(done, [{ n: 1 }, { n: 2 }]);
    t.ok(asked.length > 5);
    t.same(
      asked.filter((text) => /\blisten\b|unlisten|PREPARED|^\s*(begin|set|prepare)\b/i.test(text)),
      [],
    );
  },
);
