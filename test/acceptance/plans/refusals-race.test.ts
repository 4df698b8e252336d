import pg from "pg";
import t from "tap";
import { type PlanState, readPlan, register, setPlace } from "../../support/plans.ts";
import { untilRun } from "../../support/runs.ts";
import { attempt, freshRoot, readRecord, recordFor, refusalsFixture, rowStep } from "./refusals-scene.ts";
import { planText } from "./small-plan.ts";

t.setTimeout(120_000);

/** What a commit may be told that has come too late. */
const late = /^(RECORD_USED|STEP_ALREADY_COMMITTED|LEASE_HELD|OVERLOADED|DRIFT)$/;

t.test("PLAN-2 of 20 commits at once under one record, over two services, one burns it and commits once", async (t) => {
  const { service, target } = await setPlace(t, { fixture: refusalsFixture });
  const other = (await setPlace(t, { stage: service.stage, target })).service;
  const plan = await register(service, planText([rowStep(1)]));
  const approval_code = await recordFor(service, plan, 1);
  const asked = await Promise.all(
    Array.from({ length: 20 }, async (_, position) => {
      const root = freshRoot();
      const answer = await attempt(position % 2 === 0 ? service : other, plan, 1, {
        idempotency_root: root,
        approval_code,
      });
      return { root, answer };
    }),
  );
  const begun = asked.filter(({ answer }) => answer.status === 202 || answer.status === 200);
  t.ok(begun.length > 1, `${begun.length} were begun, so there was a race`);
  const refused = asked.filter((one) => !begun.includes(one));
  for (const { answer } of refused) t.match(answer.body, { code: late });
  const runs = await Promise.all(begun.map(async ({ root }) => ({ root, ...(await untilRun(service, root)) })));
  const won = runs.filter(({ status }) => status === "succeeded");
  t.equal(won.length, 1, "exactly one has committed");
  for (const run of runs) if (run.status === "stopped") t.match(run.error, { code: late });
  t.match(await readRecord(service, approval_code), { status: "consumed", idempotency_root: won[0]?.root });
  const { ledger }: PlanState = await readPlan(service, plan);
  t.equal(ledger.filter(({ outcome }) => outcome === "committed").length, 1);
  t.same(await target.query("SELECT count(*)::int AS rows FROM app.goods WHERE id = 10"), [{ rows: 1 }]);
  const marker = "SELECT run_root FROM countersign_run_marker WHERE direction = 'forward' AND state = 'S3'";
  t.same(await target.query(marker), [{ run_root: won[0]?.root }]);
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS uses FROM audit_events WHERE action = 'proposal_approval.consumed'"),
  );
  t.same(rows, [{ uses: 1 }]);
});

t.test("PLAN-2 control: reading a record first and marking it later lets several commits through", async (t) => {
  const { target } = await setPlace(t);
  const pool = new pg.Pool({ connectionString: target.url, max: 20 });
  t.teardown(() => pool.end());
  await pool.query("CREATE TABLE naive_records (code int PRIMARY KEY, used_by int)");
  await pool.query("INSERT INTO naive_records SELECT generate_series(1, 20)");
  const naive = async (code: number, by: number): Promise<boolean> => {
    const { rows } = await pool.query<{ used_by: number | null }>("SELECT used_by FROM naive_records WHERE code = $1", [
      code,
    ]);
    if (rows[0]?.used_by !== null) return false;
    await pool.query("UPDATE naive_records SET used_by = $2 WHERE code = $1", [code, by]);
    return true;
  };
  const wins: number[] = [];
  for (let code = 1; code <= 20; code += 1) {
    const won = await Promise.all(Array.from({ length: 20 }, (_, by) => naive(code, by)));
    wins.push(won.filter(Boolean).length);
  }
  t.ok(
    wins.some((count) => count > 1),
    "the same check finds a double use in the naive version",
  );
});
