import pg from "pg";
import t from "tap";
import { type Answer, type Service, setStage, spawnService } from "../../support/service.ts";
import { approvalRequest, approve, consume, execute, mintGrant, seedGrants } from "../../support/flow.ts";

/** Runs the jobs with at most `width` at once, in order of the list. */
async function atOnce<Result>(jobs: readonly (() => Promise<Result>)[], width: number): Promise<Result[]> {
  const results: Result[] = [];
  const queue = jobs.entries();
  const worker = async (): Promise<void> => {
    for (const [position, job] of queue) results[position] = await job();
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

/** What each grant's attempts came to: how many won, and whether every other one was refused by the code. */
function tally(answers: readonly Answer[]): { wins: number; refused: number; strange: string[] } {
  const wins = answers.filter((one) => one.status === 200 && one.body["replayed"] === (false as unknown));
  const refused = answers.filter(
    (one) => one.status === 409 && String(one.body["code"]) === "REJECT_AUTH_ALREADY_CONSUMED",
  );
  const strange = answers
    .filter((one) => !wins.includes(one) && !refused.includes(one))
    .map((one) => `${one.status} ${one.text}`);
  return { wins: wins.length, refused: refused.length, strange: strange.slice(0, 3) };
}

t.test("GRANT-3 of 1,000 consumes at once over two processes exactly one wins", async (t) => {
  const stage = await setStage(t);
  const services = [await spawnService(t, stage), await spawnService(t, stage)] as const;
  const authCode = await mintGrant(services[0]);
  const jobs = Array.from(
    { length: 1_000 },
    (_, n) => () => consume(services[n % 2] as Service, authCode, `root-${n}`),
  );
  const answers = await atOnce(jobs, 1_000);
  t.same(tally(answers), { wins: 1, refused: 999, strange: [] });
  const { rows } = await stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS uses FROM audit_events WHERE action = 'grant.consumed'"),
  );
  t.same(rows, [{ uses: 1 }]);
});

t.test("GRANT-3 of 50 consumers on each of 200 grants over two processes one wins each", async (t) => {
  const stage = await setStage(t);
  const services = [await spawnService(t, stage), await spawnService(t, stage)] as const;
  const codes = await stage.database.transact((tx) => seedGrants(tx, 200));
  const jobs = Array.from({ length: 50 }, (_, n) => codes.map((code) => ({ code, n }))).flat();
  const answers = await atOnce(
    jobs.map(({ code, n }) => async () => ({
      code,
      answer: await consume(services[n % 2] as Service, code, `root-${n}`),
    })),
    200,
  );
  const byGrant = Map.groupBy(answers, ({ code }) => code);
  const wrong = [...byGrant.values()]
    .map((ones) => tally(ones.map(({ answer }) => answer)))
    .filter(({ wins, refused }) => wins !== 1 || refused !== 49);
  t.same(wrong, []);
  const { rows } = await stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS receipts, count(DISTINCT auth_code)::int AS grants FROM grant_receipts"),
  );
  t.same(rows, [{ receipts: 200, grants: 200 }]);
});

t.test("GRANT-3 control: reading first and writing later lets several consumers win", async (t) => {
  const stage = await setStage(t);
  const pool = new pg.Pool({ connectionString: stage.names.ownerUrl, max: 20 });
  t.teardown(() => pool.end());
  await pool.query("CREATE TABLE naive_grants (code int PRIMARY KEY, consumed_by int)");
  await pool.query("INSERT INTO naive_grants SELECT generate_series(1, 50)");
  const naive = async (code: number, by: number): Promise<boolean> => {
    const { rows } = await pool.query<{ consumed_by: number | null }>(
      "SELECT consumed_by FROM naive_grants WHERE code = $1",
      [code],
    );
    if (rows[0]?.consumed_by !== null) return false;
    await pool.query("UPDATE naive_grants SET consumed_by = $2 WHERE code = $1", [code, by]);
    return true;
  };
  const jobs = Array.from({ length: 1_000 }, (_, n) => async () => ({
    code: (n % 50) + 1,
    won: await naive((n % 50) + 1, n),
  }));
  const results = await Promise.all(jobs.map((job) => job()));
  const winners = Map.groupBy(
    results.filter(({ won }) => won),
    ({ code }) => code,
  );
  t.ok(
    [...winners.values()].some((ones) => ones.length > 1),
    "the same check finds a double use in the naive version",
  );
});

t.test("MINT-2 a request executed 100 times at once has one grant, and every answer is OK", async (t) => {
  const stage = await setStage(t);
  const service = await spawnService(t, stage);
  const approved = await approve(service);
  const answers = await Promise.all(Array.from({ length: 100 }, () => execute(service, approved)));
  t.same(
    {
      minted: answers.filter((one) => one.status === 201).length,
      replayed: answers.filter((one) => one.status === 200).length,
    },
    { minted: 1, replayed: 99 },
  );
  const { rows } = await stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS grants FROM governance_build_authorization"),
  );
  t.same(rows, [{ grants: 1 }]);
});

t.test("MINT-6 of two requests executed at once for one target one has a live grant", async (t) => {
  const stage = await setStage(t);
  const service = await spawnService(t, stage);
  for (let round = 0; round < 20; round += 1) {
    const approved = [await approve(service, approvalRequest()), await approve(service, approvalRequest())];
    const answers = await Promise.all(
      approved.map((one) => execute(service, one, { headers: { accept: "text/plain" } })),
    );
    t.same(answers.map((one) => one.text).toSorted(), ["OK", "SKIP:active_grant_exists"]);
    const { rows } = await stage.database.transact((tx) =>
      tx.query<{ auth_code: string }>("SELECT auth_code FROM governance_build_authorization WHERE status = 'active'"),
    );
    t.equal(rows.length, 1);
    await service.call("POST", `/v1/grants/${rows[0]?.auth_code}/revoke`, {
      as: "operator",
      body: { reason: "next round" },
    });
  }
});
