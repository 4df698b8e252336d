import t, { type Test } from "tap";
import { expectStatus } from "../../support/flow.ts";
import { act, readPlan, register, type Registered, rehearse, setPlace, wholeAct } from "../../support/plans.ts";
import { ask, readRun, untilRun } from "../../support/runs.ts";
import {
  attempt,
  checkStep,
  freshRoot,
  otherSession,
  readRecord,
  recordFor,
  refusalsFixture,
  retiringStep,
  rowStep,
  until,
} from "./refusals-scene.ts";
import { planText } from "./small-plan.ts";

t.setTimeout(240_000);

// One service for all: each test has a plan of its own, with steps whose rows no other one makes.
const { service, target } = await setPlace(t, { fixture: refusalsFixture });

const count = async (where: string): Promise<number> =>
  Number((await target.query<{ count: string }>(`SELECT count(*) FROM app.${where}`))[0]?.count);

/** What somebody does to the target after the rehearsal, and how it is undone. */
const drifts: readonly (readonly [what: string, done: string, undone: string])[] = [
  ["a row", "INSERT INTO app.goods VALUES (2, 'two')", "DELETE FROM app.goods WHERE id = 2"],
  [
    "what a row says",
    "UPDATE app.goods SET label = 'uno' WHERE id = 1",
    "UPDATE app.goods SET label = 'one' WHERE id = 1",
  ],
  ["a column", "ALTER TABLE app.aside ADD COLUMN more text", "ALTER TABLE app.aside DROP COLUMN more"],
  [
    "an attribute of a function",
    "ALTER FUNCTION app.answer() SECURITY DEFINER",
    "ALTER FUNCTION app.answer() SECURITY INVOKER",
  ],
  [
    "a trigger that is disabled",
    "ALTER TABLE app.aside DISABLE TRIGGER watch",
    "ALTER TABLE app.aside ENABLE TRIGGER watch",
  ],
  ["a privilege", "GRANT SELECT ON app.aside TO countersign_app", "REVOKE SELECT ON app.aside FROM countersign_app"],
  [
    "a privilege of one column",
    "GRANT SELECT (label) ON app.aside TO PUBLIC",
    "REVOKE SELECT (label) ON app.aside FROM PUBLIC",
  ],
  ["a comment", "COMMENT ON TABLE app.aside IS 'x'", "COMMENT ON TABLE app.aside IS NULL"],
  ["an index", "CREATE INDEX more ON app.aside (label)", "DROP INDEX app.more"],
  [
    "an owner",
    "ALTER FUNCTION app.answer() OWNER TO CURRENT_USER",
    "ALTER FUNCTION app.answer() OWNER TO countersign_owner",
  ],
];

t.test("PLAN-3 whatever has changed since the rehearsal, the commit is refused and the record kept", async (t) => {
  const plan = await register(service, planText([rowStep(1)]));
  const code = await recordFor(service, plan, 1);
  for (const [what, done, undone] of drifts) {
    await target.query(done);
    const { run } = await act(service, plan, 1, "commit", code);
    t.match(run, { status: "stopped", error: { code: "DRIFT" }, last_ok_state: null }, what);
    t.match(await readRecord(service, code), { status: "active" }, what);
    await target.query(undone);
  }
  t.equal(await count("goods WHERE id = 10"), 0);
  // A dropped column leaves its number behind: the target is rehearsed again, and the old record stands for what was.
  const { run } = await rehearse(service, plan, 1);
  t.match(run, { status: "succeeded" });
  t.match((await wholeAct(service, plan, 1)).run, { status: "succeeded" });
});

t.test("PLAN-3 a change that comes between preflight and step is met under the step's locks", async (t) => {
  const plan = await register(service, planText([rowStep(2)], { timeouts: { lock_ms: 1_000 } }));
  const code = await recordFor(service, plan, 2);
  const holder = await holdTable(t, "app.goods");
  const root = freshRoot();
  await expectStatus(attempt(service, plan, 2, { idempotency_root: root, approval_code: code }), 202);
  await untilRun(service, root, ({ state }) => state === "S3");
  await target.query("COMMENT ON TABLE app.aside IS 'meanwhile'");
  await holder.release();
  t.match(await untilRun(service, root), { status: "stopped", last_ok_state: "S2", error: { code: "DRIFT" } });
  t.match(await readRecord(service, code), { status: "consumed", idempotency_root: root });
  t.equal(await count("goods WHERE id = 20"), 0);
  t.match((await readPlan(service, plan)).ledger.at(-1), { outcome: "failed", error: { code: "DRIFT" } });
  await target.query("COMMENT ON TABLE app.aside IS NULL");
});

/** Another session that works, and keeps others from writing to a table meanwhile. */
async function holdTable(t: Parameters<typeof otherSession>[0], table: string) {
  const session = await otherSession(t, target.superUrl);
  const { pid } = (await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows[0] ?? { pid: 0 };
  const held = session
    .query(`BEGIN; LOCK TABLE ${table} IN ROW EXCLUSIVE MODE; SELECT pg_sleep(60)`)
    .catch(() => undefined);
  const holds = `SELECT count(*)::int AS held FROM pg_locks WHERE pid = ${pid} AND relation = '${table}'::regclass AND granted`;
  await until("the lock is held", async () => (await target.query<{ held: number }>(holds))[0]?.held === 1);
  return {
    async release() {
      await target.query(`SELECT pg_terminate_backend(${pid})`);
      await held;
    },
  };
}

t.test("PLAN-4 a lock that is not to be had stops the step, and one that is given up in time does not", async (t) => {
  const plan = await register(service, planText([rowStep(3), rowStep(4)], { timeouts: { lock_ms: 100 } }));
  const [first, second] = [await recordFor(service, plan, 3), await recordFor(service, plan, 4)];
  const holder = await holdTable(t, "app.goods");
  const stopped = await act(service, plan, 3, "commit", first);
  t.match(stopped.run, { status: "stopped", last_ok_state: "S2", error: { code: "LOCK_TIMEOUT" } });
  t.ok(
    stopped.run.states.some(({ state, attempts }) => state === "S3" && attempts > 1),
    "it was tried again",
  );
  t.match((await readPlan(service, plan)).steps[0], { status: "open" });

  const root = freshRoot();
  await expectStatus(attempt(service, plan, 4, { idempotency_root: root, approval_code: second }), 202);
  await untilRun(service, root, ({ states }) => states.some(({ state, attempts }) => state === "S3" && attempts > 1));
  await holder.release();
  t.match(await untilRun(service, root), { status: "succeeded" });
  t.same([await count("goods WHERE id = 30"), await count("goods WHERE id = 40")], [0, 1]);
});

t.test("PLAN-4 a statement that takes longer than the plan lets it is stopped", async (t) => {
  const sql = "INSERT INTO app.goods SELECT 50 FROM (SELECT count(*) FROM generate_series(1, 100000000)) AS slow";
  const steps = [rowStep(5, { sql }), rowStep(6)];
  const plan = await register(service, planText(steps, { timeouts: { statement_ms: 1_000 } }));
  const began = performance.now();
  t.match((await rehearse(service, plan, 5)).run, { status: "stopped", error: { code: "STATEMENT_TIMEOUT" } });
  t.ok(performance.now() - began < 20_000);
  t.match((await rehearse(service, plan, 6)).run, { status: "succeeded" }, "a quick one passes under the same limit");
  t.equal(await count("goods WHERE id = 50"), 0);
});

t.test("PLAN-4 a session that sits in an open transaction stops rehearsal and commit", async (t) => {
  const plan = await register(service, planText([rowStep(7)]));
  const code = await recordFor(service, plan, 7);
  const session = await otherSession(t, target.url);
  await session.query("BEGIN; SELECT 1");
  const idle = `SELECT count(*)::int AS idle FROM pg_stat_activity WHERE datname = current_database()
                  AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '1.1 seconds'`;
  await until("it idles", async () => (await target.query<{ idle: number }>(idle))[0]?.idle === 1);
  const stopped = { status: "stopped", last_ok_state: null, error: { code: "STOP_CONDITION" } };
  t.match((await rehearse(service, plan, 7)).run, stopped);
  t.match((await act(service, plan, 7, "commit", code)).run, stopped);
  t.match(await readRecord(service, code), { status: "active" });
  await session.query("ROLLBACK");
  t.match((await act(service, plan, 7, "commit", code)).run, { status: "succeeded" });
});

t.test("PLAN-6 where an earlier step's evidence holds no more, the next one is refused", async (t) => {
  const steps = [rowStep(8, {}, "app.notes"), rowStep(9), checkStep(10, { after: [8] })];
  const plan = await register(service, planText(steps));
  t.match((await wholeAct(service, plan, 8)).run, { status: "succeeded" });
  const code = await recordFor(service, plan, 9);
  await target.query("DELETE FROM app.notes WHERE id = 80");
  const failed = {
    status: "stopped",
    last_ok_state: null,
    error: { code: "EVIDENCE_FAILED", detail: /step 8.*row 8/ },
  };
  t.match((await rehearse(service, plan, 9)).run, failed);
  t.match((await act(service, plan, 9, "commit", code)).run, failed);
  t.match((await act(service, plan, 10, "commit")).run, failed);
  t.match(await readRecord(service, code), { status: "active" });
  await ask(target.url, "INSERT INTO app.notes VALUES (80, 'made')");
  t.match((await act(service, plan, 9, "commit", code)).run, { status: "succeeded" });
});

t.test("GRANT-9 a hold stops commits and rollbacks, and no rehearsal", async (t) => {
  const plan = await register(service, planText([rowStep(11, {}, "app.notes"), rowStep(12)]));
  t.match((await wholeAct(service, plan, 11)).run, { status: "succeeded" });
  const commit = await recordFor(service, plan, 12);
  const rollback = await recordFor(service, plan, 11, "rollback");
  for (const body of [{ reason: "audit week" }, { reason: "audit week", environment: "default" }]) {
    const { id } = (await expectStatus(service.call("POST", "/v1/holds", { as: "operator", body }), 201)).body;
    const held = { status: 409, body: { code: "REGISTRATION_HOLD" } };
    t.match(await attempt(service, plan, 12, { approval_code: commit }), held);
    t.match(await attempt(service, plan, 11, { approval_code: rollback }, { act: "rollback" }), held);
    t.match((await rehearse(service, plan, 12)).run, { status: "succeeded" });
    await expectStatus(
      service.call("POST", `/v1/holds/${String(id)}/lift`, { as: "operator", body: { reason: "over" } }),
      200,
    );
  }
  t.match((await act(service, plan, 12, "commit", commit)).run, { status: "succeeded" });
  t.match((await act(service, plan, 11, "rollback", rollback)).run, { status: "succeeded" });
});

/** A commit whose record is revoked while the step waits for a lock; how its run ends. */
async function revokeMeanwhile(t: Test, plan: Registered, step: number, running: "stop" | "compensate") {
  const code = await recordFor(service, plan, step);
  const holder = await holdTable(t, "app.goods");
  const root = freshRoot();
  await expectStatus(attempt(service, plan, step, { idempotency_root: root, approval_code: code }), 202);
  await untilRun(service, root, ({ state }) => state === "S3");
  const revoke = (body: object) =>
    service.call("POST", `/v1/proposal-approvals/${code}/revoke`, {
      as: "operator",
      body: { reason: "seen", ...body },
    });
  t.match(await revoke({}), { status: 409, body: { code: "RECORD_USED" } });
  t.match(await revoke({ running }), { status: 200, body: { status: "consumed" } });
  await holder.release();
  t.match(await untilRun(service, root), { status: "stopped", stop_request: { running } });
  t.match(await readRecord(service, code), { status: "consumed", idempotency_root: root });
  const { ledger, steps } = await readPlan(service, plan);
  return { revoke, root, code, line: ledger.at(-1), step: steps[0] };
}

t.test(
  "OPEN-4 a record that is revoked while its run works stops it, and the plan, at the next boundary",
  async (t) => {
    const plan = await register(service, planText([rowStep(13), rowStep(23)]));
    const { revoke, root, code, line, step } = await revokeMeanwhile(t, plan, 13, "stop");
    t.match(line, { outcome: "contradicted", approval_code: code });
    t.match(step, { status: "contradicted" });
    t.equal(await count("goods WHERE id = 130"), 1);
    t.match(await attempt(service, plan, 23, {}, { act: "rehearse" }), {
      status: 409,
      body: { code: "STEP_OUT_OF_ORDER" },
    });
    t.match(await revoke({ running: "compensate" }), { status: 200 }, "what has stopped can still be undone");
    await untilRun(service, root, (run) => run.status === "stopped" && run.compensations.length > 0);
    t.equal(await count("goods WHERE id = 130"), 0);
    const { ledger, steps } = await readPlan(service, plan);
    t.match(ledger.at(-1), { outcome: "undone" });
    t.match(steps[0], { status: "rolled_back" });
    t.match((await rehearse(service, plan, 23)).run, { status: "succeeded" }, "the plan goes on");
  },
);

t.test(
  "OPEN-4 a record that is revoked while its run works has it undone, or retired where the plan says so",
  async (t) => {
    const plan = await register(service, planText([rowStep(14)]));
    const undone = await revokeMeanwhile(t, plan, 14, "compensate");
    t.match(undone.line, { outcome: "undone", approval_code: undone.code });
    t.match(undone.step, { status: "rolled_back" });
    t.equal(await count("goods WHERE id = 140"), 0);
    t.match((await wholeAct(service, plan, 14)).run, { status: "succeeded" }, "it may be committed again");

    const retiring = await register(service, planText([retiringStep(15)]));
    const retired = await revokeMeanwhile(t, retiring, 15, "compensate");
    t.match(retired.line, { outcome: "retired", approval_code: retired.code });
    t.match(retired.step, { status: "retired" });
    t.same(await target.query("SELECT label FROM app.goods WHERE id = 150"), [{ label: "retired" }]);
    t.match(await attempt(service, retiring, 15, {}, { act: "rehearse" }), {
      status: 409,
      body: { code: "STEP_RETIRED" },
    });
  },
);

t.test("PLAN-2 the same root with the same content is the same run; with other content it is a conflict", async (t) => {
  const plan = await register(service, planText([rowStep(30), rowStep(31)]));
  const code = await recordFor(service, plan, 30);
  const other = await recordFor(service, plan, 31);
  const root = freshRoot();
  const body = { idempotency_root: root, approval_code: code };
  const first = await expectStatus(attempt(service, plan, 30, body), 202);
  await untilRun(service, root);
  const again = await expectStatus(attempt(service, plan, 30, body), 200);
  t.match(again.body, { run: { idempotency_root: root, status: "succeeded" } });
  t.match(first.body, { run: { idempotency_root: root } });
  const conflict = { status: 409, body: { code: "RUN_CONFLICT" } };
  t.match(await attempt(service, plan, 31, { ...body, approval_code: other }), conflict, "another step");
  t.match(await attempt(service, plan, 30, { ...body, approval_code: other }), conflict, "another record");
  t.match(await attempt(service, plan, 30, { idempotency_root: root }, { act: "rehearse" }), conflict, "a rehearsal");
  t.match(await readRecord(service, other), { status: "active" });
  t.equal((await readRun(service, root)).status, "succeeded");
  t.equal(await count("goods WHERE id = 300"), 1);
});
