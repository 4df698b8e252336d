import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import t from "tap";
import { consume, seedGrants } from "../../support/flow.ts";
import { type Service, setStage, spawnService, startService } from "../../support/service.ts";

t.test("GRANT-5 consume against revoke: never both, over two thousand grants", async (t) => {
  const service = await startService(t);
  const codes = await service.stage.database.transact((tx) => seedGrants(tx, 2_000));
  const outcomes: string[] = [];
  for (let from = 0; from < codes.length; from += 50) {
    const batch = codes.slice(from, from + 50).map(async (code, n) => {
      const use = () => consume(service, code, "root");
      const revoke = () =>
        service.call("POST", `/v1/grants/${code}/revoke`, { as: "operator", body: { reason: "race" } });
      const [first, second] = n % 2 === 0 ? [use(), revoke()] : [revoke(), use()];
      const statuses = (await Promise.all([first, second])).map((answer) => answer.status);
      return statuses.toSorted((a, b) => a - b).join();
    });
    outcomes.push(...(await Promise.all(batch)));
  }
  t.same([...new Set(outcomes)], ["200,409"], "one of the two, each time");
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query(
      `SELECT count(*) FILTER (WHERE consumed_at IS NOT NULL AND revoked_at IS NOT NULL)::int AS both,
              count(*) FILTER (WHERE status NOT IN ('consumed', 'revoked'))::int AS neither FROM governance_build_authorization`,
    ),
  );
  t.same(rows, [{ both: 0, neither: 0 }]);
});

/** Holds the rows until the database's clock is past every expiry, then lets go without a change. */
async function holdPastExpiry(
  url: string,
  table: string,
  column: string,
  waiters: number,
): Promise<() => Promise<void>> {
  const holder = new pg.Client({ connectionString: url });
  const watch = new pg.Client({ connectionString: url });
  await Promise.all([holder.connect(), watch.connect()]);
  await holder.query(`BEGIN; SELECT ${column} FROM ${table} FOR UPDATE`);
  return async () => {
    const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    // not a sleep: the pause between two looks at a condition
    while (((await watch.query<{ n: number }>(waiting)).rows[0]?.n ?? 0) < waiters) await pause(10);
    while ((await watch.query(`SELECT 1 FROM ${table} WHERE expires_at > clock_timestamp()`)).rows.length > 0) {
      await pause(10); // not a sleep: the same
    }
    await holder.query("ROLLBACK");
    await Promise.all([holder.end(), watch.end()]);
  };
}

t.test("GRANT-3 a grant that expires while its consumer waits for the row is refused", async (t) => {
  const service = await startService(t, { config: { poolSize: 20 } });
  for (let round = 0; round < 10; round += 1) {
    const codes = await service.stage.database.transact((tx) => seedGrants(tx, 15, "400 milliseconds"));
    const release = await holdPastExpiry(
      service.stage.names.ownerUrl,
      "governance_build_authorization",
      "auth_code",
      codes.length,
    );
    const pending = codes.map((code) => consume(service, code, "root"));
    await release();
    const answers = await Promise.all(pending);
    t.same([...new Set(answers.map((answer) => String(answer.body["code"])))], ["REJECT_AUTH_EXPIRED"]);
  }
});

t.test("GRANT-3 control: one UPDATE that compares the expiry consumes late after the same wait", async (t) => {
  const stage = await setStage(t);
  const pool = new pg.Pool({ connectionString: stage.names.ownerUrl, max: 20 });
  t.teardown(() => pool.end());
  await pool.query("CREATE TABLE naive (code int PRIMARY KEY, consumed_at timestamptz, expires_at timestamptz)");
  await pool.query(
    "INSERT INTO naive SELECT n, NULL, clock_timestamp() + interval '400 milliseconds' FROM generate_series(1, 15) n",
  );
  const release = await holdPastExpiry(stage.names.superUrl, "naive", "code", 15);
  const naive =
    "UPDATE naive SET consumed_at = clock_timestamp() WHERE code = $1 AND consumed_at IS NULL AND expires_at > clock_timestamp()";
  const pending = Array.from({ length: 15 }, (_, n) => pool.query(naive, [n + 1]));
  await release();
  await Promise.all(pending);
  // Every row was let go after its expiry, so whatever is consumed was consumed late, whatever its own clock says.
  const late = await pool.query("SELECT code FROM naive WHERE consumed_at IS NOT NULL");
  t.ok(late.rows.length > 0, "the same wait lets the naive version consume an expired grant");
});

t.test("GRANT-3 thousands of consumes around the moment of expiry: none is late", async (t) => {
  const service = await startService(t);
  for (let round = 0; round < 5; round += 1) {
    const codes = await service.stage.database.transact((tx) =>
      seedGrants(tx, 200, `${100 + round * 20} milliseconds`),
    );
    const answers = await Promise.all(codes.map((code) => consume(service, code, "root")));
    const strange = answers.filter((one) => one.status !== 200 && String(one.body["code"]) !== "REJECT_AUTH_EXPIRED");
    t.same(
      strange.map((one) => one.text),
      [],
    );
  }
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT auth_code FROM governance_build_authorization WHERE consumed_at >= expires_at"),
  );
  t.same(rows, []);
});

t.test("GRANT-3 kill -9 during consumes: what was acknowledged is there, and the retry gets its receipt", async (t) => {
  const stage = await setStage(t);
  for (let round = 0; round < 3; round += 1) {
    const victim = await spawnService(t, stage);
    const codes = await stage.database.transact((tx) => seedGrants(tx, 300));
    const acknowledged = new Set<string>();
    let kill: Promise<void> | undefined;
    const attempt = async (service: Service, code: string): Promise<void> => {
      const answer = await consume(service, code, `root-${code}`).catch(() => undefined);
      if (answer?.status === 200) acknowledged.add(code);
      if (acknowledged.size >= 40 + round * 30) kill ??= victim.kill("SIGKILL");
    };
    for (let from = 0; from < codes.length; from += 30) {
      await Promise.all(codes.slice(from, from + 30).map((code) => attempt(victim, code)));
    }
    await kill;
    t.ok(
      kill !== undefined && acknowledged.size < codes.length,
      `killed after ${acknowledged.size} of ${codes.length}`,
    );
    const { rows } = await stage.database.transact((tx) =>
      tx.query<{ auth_code: string }>("SELECT auth_code FROM grant_receipts WHERE auth_code = ANY ($1)", [codes]),
    );
    const kept = new Set(rows.map((row) => row.auth_code));
    t.same(
      [...acknowledged].filter((code) => !kept.has(code)),
      [],
      "nothing acknowledged is lost",
    );

    const successor = await spawnService(t, stage);
    const answers = await Promise.all(codes.slice(0, 60).map((code) => consume(successor, code, `root-${code}`)));
    t.same([...new Set(answers.map((one) => one.status))], [200]);
    t.same(
      answers.filter((one, n) => kept.has(codes[n] ?? "") !== Boolean(one.body["replayed"])),
      [],
    );
    const foreign = await consume(successor, codes[0] ?? "", "another-root");
    t.equal(String(foreign.body["code"]), "REJECT_AUTH_ALREADY_CONSUMED");
    await successor.kill("SIGTERM");
  }
});
