import t from "tap";
import { openDatabase } from "../../src/database/index.ts";
import { answerOnce, type Claim, forgetOldAnswers } from "../../src/idempotency/index.ts";
import { startSweeper } from "../../src/sweeper.ts";
import { useDatabase } from "../support/cluster.ts";
import { connect } from "../support/log-scene.ts";

t.setTimeout(120_000);

const claim = (key: string): Claim => ({ principal: "p", method: "POST", path: "/v1/x", key, requestDigest: "d" });
const answer = { status: 201, headers: {}, body: "{}", contentType: "application/json" };

/** Keys of that many days ago; no role of the service can write such a one. */
const insertOld = `INSERT INTO idempotency_keys (principal, method, path, key, request_digest, status, body, content_type, created_at)
  SELECT 'p', 'POST', '/v1/x', $1 || n, 'd', 201, '{}', 'application/json', clock_timestamp() - make_interval(days => $2)
    FROM generate_series(1, $3::int) AS n`;

t.test("OPEN-7 an answer is given again for thirty days, and forgotten in small steps afterwards", async (t) => {
  const { appUrl, superUrl } = await useDatabase(t);
  const database = openDatabase({ url: appUrl, poolSize: 2 });
  t.teardown(() => database.close());
  const admin = await connect(t, superUrl);
  await admin.query(insertOld, ["old", 31, 250]);
  await admin.query(insertOld, ["young", 29, 5]);
  const once = (key: string) =>
    database.transact((tx) =>
      answerOnce(
        tx,
        claim(key),
        () => Promise.resolve({ answer }),
        () => answer,
      ),
    );
  t.equal((await once("old1")).replayed, true);
  const step = () => database.transact((tx) => forgetOldAnswers(tx, 100));
  t.equal(await step(), 100);
  const sweeper = startSweeper({
    database,
    intervalMs: 1,
    also: () => Promise.resolve(),
    onError: (error) => t.fail(String(error)),
  });
  t.teardown(() => sweeper.stop());
  // not a sleep: the pace of the looks at the condition
  const left = async (): Promise<number> => {
    const { rows } = await admin.query<{ remaining: number }>(
      "SELECT count(*)::int AS remaining FROM pg_sleep(0.02), idempotency_keys WHERE key LIKE 'old%'",
    );
    return rows[0]?.remaining ?? 0;
  };
  while ((await left()) > 0);
  await sweeper.stop();
  t.equal(await step(), 0);
  t.equal((await once("old1")).replayed, false, "after that it is a request like any other");
  t.equal((await once("young1")).replayed, true);
});

t.test("OPEN-7 the database keeps each answer for thirty days, whoever deletes it", async (t) => {
  const { appUrl, ownerUrl, superUrl } = await useDatabase(t);
  const admin = await connect(t, superUrl);
  await admin.query(insertOld, ["young", 29, 1]);
  for (const url of [appUrl, ownerUrl]) {
    const client = await connect(t, url);
    await t.rejects(client.query("DELETE FROM idempotency_keys"), { code: "23001", constraint: "kept_thirty_days" });
  }
  const owner = await connect(t, ownerUrl);
  await t.rejects(owner.query("UPDATE idempotency_keys SET body = 'x'"), { code: "23001", constraint: "append_only" });
});
