import pg from "pg";
import t, { type Test } from "tap";
import { act, approve, readPlan, register, rehearse, setPlace, wholeAct } from "../../support/plans.ts";
import { readOptions } from "../../support/crash/options.ts";
import { useTarget } from "../../support/runs.ts";
import { wholeDigest } from "./digest.ts";
import { hostileFixture } from "./hostile-fixture.ts";
import { hostileFunctions } from "./hostile-functions.ts";
import { refusedSteps } from "./hostile-lint.ts";
import { onOurOwn } from "./hostile-own.ts";
import { hostileSteps } from "./hostile-steps.ts";
import { hostileWaysBack } from "./hostile-ways-back.ts";
import { anyway, planText, type SmallStep, sqlStep } from "./small-plan.ts";

t.setTimeout(480_000);

interface Case {
  readonly name: string;
  readonly step: SmallStep;
  /** Any refusal by name if empty. */
  readonly code: string;
  readonly says: RegExp;
}

const functionOf = (index: number): string => `app.sly_${index}`;
const createFunctions = (definer: boolean): string =>
  hostileFunctions
    .map(({ body, definer: powerful }, index) =>
      (powerful === true) === definer
        ? `CREATE FUNCTION ${functionOf(index)}() RETURNS int LANGUAGE plpgsql ${definer ? "SECURITY DEFINER" : ""} AS $sly$ begin ${body} return 1; end $sly$;`
        : "",
    )
    .join("\n");

const every: readonly Case[] = [
  ...hostileFunctions.map(({ name, says }, index) => ({
    name: `a function ${name}`,
    step: { sql: `SELECT ${functionOf(index)}()` },
    code: "OUTSIDE_ALLOWED",
    says,
  })),
  ...hostileSteps,
  ...hostileWaysBack,
];

/** Every third one, which ones the seed says; all of them with `--full`, which is part of `npm run soak -- crash`. */
const { full, seed } = readOptions();
const cases = full ? every : every.filter((_, index) => index % 3 === seed % 3);
t.comment(`seed ${seed}`);

/** A target with everything hostile in it, and a superuser's connection to it. */
async function hostileTarget(t: Test) {
  const target = await useTarget(t);
  const client = new pg.Client({ connectionString: target.superUrl });
  await client.connect();
  t.teardown(() => client.end());
  await client.query(
    `SET SESSION AUTHORIZATION countersign_owner; ${hostileFixture} ${createFunctions(false)} RESET SESSION AUTHORIZATION`,
  );
  await client.query(createFunctions(true));
  return { target, client };
}

t.test("PLAN-5 what a step's file must not say is refused before it is registered", async (t) => {
  const { target, client } = await hostileTarget(t);
  const { service } = await setPlace(t, { target });
  const before = await wholeDigest(client);
  for (const { name, step, pointer, says } of refusedSteps) {
    const source = planText([sqlStep(1, step)]);
    const answer = await service.call("POST", "/v1/plans", { as: "requester", body: { source } });
    t.match(answer, { status: 400, body: { code: "PLAN_INVALID" } }, name);
    const faults = (answer.body["errors"] ?? []) as { pointer: string; detail: string }[];
    t.ok(
      faults.some(
        (fault) => fault.pointer === pointer && says.test(fault.detail) && /^line \d+, column \d+: /.test(fault.detail),
      ),
      `${name}: ${JSON.stringify(faults)}`,
    );
  }
  t.match(await service.call("GET", "/v1/plans", { as: "auditor" }), { status: 200, body: { items: [] } });
  t.same(await wholeDigest(client), before);
});

t.test("PLAN-5 what lint cannot see is stopped by what is measured", async (t) => {
  const { target, client } = await hostileTarget(t);
  const { service } = await setPlace(t, { target });
  const harmless = sqlStep(0, {
    sql: "INSERT INTO app.goods (id) VALUES (4)",
    allowed: { rows: { "app.goods": { insert: 1 } } },
    rollback: { mode: "revert", sql: "DELETE FROM app.goods WHERE id = 4", evidence: [anyway] },
  });
  const plan = await register(
    service,
    planText([harmless, ...cases.map(({ step }, index) => sqlStep(index + 1, step))], { schemas: ["app", "public"] }),
  );
  const passed = (await rehearse(service, plan, 0)).run;
  t.equal(passed.status, "succeeded", `the harmless step passes: ${JSON.stringify(passed.error)}`);
  let before = await wholeDigest(client);
  let reserved = 1;
  for (const [index, { name, code, says }] of cases.entries()) {
    await t.test(`PLAN-5 stopped: ${name}`, async (t) => {
      const { run } = await rehearse(service, plan, index + 1);
      t.equal(run.status, "stopped");
      t.match(run.error, {
        code: code === "" ? /^(OUTSIDE_ALLOWED|EVIDENCE_FAILED|STOP_CONDITION|TARGET_READ_ONLY)$/ : code,
      });
      t.match(run.error?.detail, says);
      t.notOk(run.rehearsal?.passed);
      if (run.stop_state !== "ABORT") reserved += 1;
      // All of the target is read, which takes a while: after each handful of them.
      if (index % 5 !== 4 && index !== cases.length - 1) return;
      const after = await wholeDigest(client);
      t.same(after, before, "the target is as it was");
      before = after;
    });
  }
  const { steps, ledger } = await readPlan(service, plan);
  t.ok(steps.every(({ status }) => status === "open"));
  t.same(new Set(ledger.slice(1).map(({ outcome }) => outcome)), new Set(["rehearsal_failed"]));
  t.equal(ledger.length, reserved, "whatever was begun has its line");
  t.ok(reserved > cases.length - 5);
});

t.test("PLAN-5 what the service keeps in the target is no step's to change, whatever its plan allows", async (t) => {
  const { target, client } = await hostileTarget(t);
  const { service } = await setPlace(t, { target });
  const first = await register(service, planText([sqlStep(1, { sql: "SELECT 1" })]));
  t.match((await rehearse(service, first, 1)).run, { status: "succeeded" });
  const before = await wholeDigest(client);
  for (const step of onOurOwn) {
    const source = planText([sqlStep(1, step)], { schemas: ["app", "public"] });
    const answer = await service.call("POST", "/v1/plans", { as: "requester", body: { source } });
    if (answer.status === 400) t.match(answer.body, { code: "PLAN_INVALID", detail: /countersign_/ }, step.sql);
    else {
      const { run } = await rehearse(service, answer.body as unknown as typeof first, 1);
      t.match(run, { status: "stopped", error: { code: "OUTSIDE_ALLOWED", detail: /countersign_/ } }, step.sql);
    }
  }
  t.same(await wholeDigest(client), before);
});

/** What there is but for the service's own tables, which a commit that is refused has written to all the same. */
async function digestWithoutOurs(client: pg.Client): Promise<Record<string, string>> {
  const all = Object.entries(await wholeDigest(client));
  return Object.fromEntries(all.filter(([name]) => !name.startsWith("countersign_")));
}

t.test(
  "PLAN-5 what behaves in its rehearsal and not in its commit is stopped then, and its record is burned",
  async (t) => {
    const { target, client } = await hostileTarget(t);
    const { service } = await setPlace(t, { target });
    const rows = { "app.goods": { insert: 1 } };
    const rollback = {
      mode: "revert" as const,
      sql: "DELETE FROM app.goods WHERE id = app.moody(7)",
      evidence: [anyway],
    };
    const moody = { sql: "INSERT INTO app.goods (id) VALUES (app.moody(7))", allowed: { rows }, rollback };
    const plan = await register(service, planText([sqlStep(1, moody)]));
    const weather = (fair: boolean) => client.query("UPDATE app.weather SET fair = $1", [fair]);
    const refused = async (what: "commit" | "rollback", status: string) => {
      const { run } = await rehearse(service, plan, 1, what);
      t.equal(run.status, "succeeded", `rehearsed: ${JSON.stringify(run.error)}`);
      const code = await approve(service, plan, 1, run.rehearsal?.rehearsal_ref, what);
      await weather(false);
      const before = await digestWithoutOurs(client);
      const done = await act(service, plan, 1, what, code);
      t.match(done.run, { status: "stopped", stop_state: "COMP_STEP", error: { code: "OUTSIDE_ALLOWED" } });
      t.match(done.run.error?.detail, /app\.secrets: \d+ rows by update/);
      t.same(await digestWithoutOurs(client), before, "the target is as it was");
      const marker = "SELECT FROM countersign_run_marker WHERE run_root = $1 AND direction = 'forward'";
      t.equal((await client.query(marker, [done.root])).rowCount, 0, "nothing was committed");
      const { steps, ledger } = await readPlan(service, plan);
      t.match(steps, [{ status }]);
      t.match(ledger.at(-1), { act: what, outcome: "failed", approval_code: code, error: { code: "OUTSIDE_ALLOWED" } });
      const record = await service.call("GET", `/v1/proposal-approvals/${code}`, { as: "auditor" });
      t.match(record.body, { status: "consumed", idempotency_root: done.root });
      await weather(true);
    };
    await refused("commit", "open");
    t.match((await wholeAct(service, plan, 1)).run, { status: "succeeded" });
    await refused("rollback", "committed");
    t.match((await wholeAct(service, plan, 1, "rollback")).run, { status: "succeeded" });
  },
);

t.test("PLAN-5 control: called without the service, each of those functions does its harm", async (t) => {
  const { client } = await hostileTarget(t);
  await client.query(
    "SET SESSION AUTHORIZATION countersign_owner; CREATE TABLE countersign_fence (fencing_token int); INSERT INTO countersign_fence VALUES (1); CREATE TABLE countersign_run (run_root text, auth_code text, build text); CREATE TABLE countersign_run_marker (run_root text); RESET SESSION AUTHORIZATION",
  );
  const before = await wholeDigest(client);
  for (const [index, { name, leavesNoTrace }] of hostileFunctions.entries()) {
    if (leavesNoTrace === true) continue;
    await client.query(`BEGIN; SET LOCAL SESSION AUTHORIZATION countersign_owner`);
    await client.query(`SELECT ${functionOf(index)}()`);
    await client.query("RESET SESSION AUTHORIZATION");
    t.notSame(await wholeDigest(client), before, name);
    await client.query("ROLLBACK");
  }
  t.same(await wholeDigest(client), before);
});

t.test("PLAN-5 what a function leaves in its session is met by no later step", async (t) => {
  const { target } = await hostileTarget(t);
  const { service } = await setPlace(t, { target });
  const rows = (insert: number, removed = 0) => ({ "app.goods": { insert, delete: removed } });
  const leaves = sqlStep(1, {
    sql: "INSERT INTO app.goods (id) VALUES (app.remember(7))",
    allowed: { rows: rows(1) },
    rollback: { mode: "revert", sql: "DELETE FROM app.goods WHERE id = 7", rows: rows(0, 1), evidence: [anyway] },
  });
  const looks = sqlStep(2, {
    sql: "SELECT 1",
    evidence: [
      { name: "nothing", sql: "SELECT coalesce(current_setting('app.remembered', true), '')", expect: { equals: "" } },
    ],
  });
  const plan = await register(service, planText([leaves, looks]));
  t.match((await wholeAct(service, plan, 1)).run, { status: "succeeded" });
  for (let again = 0; again < 3; again += 1) {
    const { run } = await rehearse(service, plan, 2);
    t.match(run, { status: "succeeded" }, JSON.stringify(run.error));
  }
});

t.test("PLAN-5 a target that does not count its writes is no target for a step", async (t) => {
  const target = await useTarget(t);
  await target.query(hostileFixture);
  await target.query("ALTER SCHEMA app OWNER TO countersign_owner");
  await target.query("ALTER TABLE app.secrets OWNER TO countersign_owner");
  const { database } = (await target.query<{ database: string }>("SELECT current_database() AS database"))[0] ?? {};
  await target.query(`ALTER DATABASE ${database} SET track_counts = off`);
  const { service } = await setPlace(t, { target });
  const plan = await register(service, planText([sqlStep(1, { sql: "UPDATE app.secrets SET note = NULL" })]));
  const { run } = await rehearse(service, plan, 1);
  t.match(run, { status: "stopped", error: { detail: /track_counts|app\.secrets/ } });
});
