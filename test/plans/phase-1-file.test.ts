import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type pg from "pg";
import t from "tap";
import Value from "typebox/value";
import { Plan, parsePlan, type SqlStep } from "../../src/plan-file/index.ts";
import { useTarget } from "../support/runs.ts";
import {
  connect,
  difference,
  inTransaction,
  objectsOf,
  phase1Fixture,
  playRollback,
  playStep,
  readPlan,
  readPlanSource,
  refusalOf,
  showEvidence,
  stopsAt,
  useFixture,
  valueOf,
  valuesBefore,
} from "./play-plan.ts";

t.setTimeout(120_000);
const phase1 = await readPlan("phase-1.yaml");
const isSql = (step: Plan["steps"][number]): step is SqlStep => step.kind === "sql";

for (const name of ["phase-1.yaml", "c1-vocabulary.yaml"]) {
  t.test(`PLAN-8 ${name} is a plan, and its SQL passes the guard`, async (t) => {
    const plan = await readPlan(name);
    t.same(Value.Errors(Plan, plan), []);
    await t.resolves(parsePlan(await readPlanSource(name)));
    t.equal(`${plan.plan}.yaml`, name);
  });
}

t.test("PLAN-8 phase-1 has the steps, the records and the order of the PLAN document", async (t) => {
  const shown = phase1.steps.map(({ step, name, kind, records = [], after = [] }) => [
    step,
    name,
    kind,
    records,
    after,
  ]);
  t.same(shown, [
    [0, "Preflight and backup", "check", [], []],
    [1, "SB-12", "sql", ["M-1"], [0]],
    [2, "SB-13", "sql", ["M-1"], [1]],
    [3, "SB-10", "sql", ["M-1"], [1, 2]],
    [4, "SB-11", "sql", ["M-1"], [3]],
    [5, "SB-2", "sql", ["M-1", "C-1"], [4]],
    [6, "SB-1", "sql", ["M-1", "C-2"], [5]],
    [7, "HOLD", "check", [], [1, 2, 3, 4, 5, 6]],
  ]);
  t.same(
    phase1.steps.filter(isSql).map(({ rollback }) => rollback.mode),
    ["revert", "revert", "revert", "revert", "revert", "retire"],
  );
});

t.test("PLAN-8 the fixture has the rows that the plan presumes, and the defect F-83-1", async (t) => {
  const client = await useFixture(t, phase1Fixture);
  const counts = await valueOf(
    client,
    `SELECT jsonb_build_object('action_types', (SELECT count(*) FROM apr_action_types),
        'requests', (SELECT count(*) FROM approval_requests), 'approvals', (SELECT count(*) FROM apr_approvals),
        'relations', (SELECT count(*) FROM governance_relations), 'births', (SELECT count(*) FROM birth_registry))`,
  );
  t.same(counts, { action_types: 6, requests: 211, approvals: 42, relations: 8, births: 0 });
  const refused: readonly [sql: string, refusal: Partial<pg.DatabaseError>][] = [
    [
      "INSERT INTO apr_action_types (action_code, title, handler_ref, risk_level) VALUES ('a', 'A', 'unimplemented', 'high')",
      { code: "23502", table: "birth_registry", column: "entity_code" },
    ],
    ["DELETE FROM apr_action_types WHERE action_code = 'add'", { constraint: "approval_requests_action_fkey" }],
    ["DELETE FROM approval_requests WHERE request_code = 'APR-0005'", { constraint: "apr_approvals_request_fkey" }],
    [
      "INSERT INTO governance_relations VALUES ('r', 's', 't', 'owns')",
      { constraint: "governance_relations_kind_known" },
    ],
  ];
  for (const [sql, refusal] of refused) t.match(await refusalOf(client, sql), refusal, sql);
});

t.test("PLAN-8 phase-1 runs from preflight to HOLD; each step can be undone", async (t) => {
  const client = await useFixture(t, phase1Fixture);
  for (const step of phase1.steps) {
    await t.test(`step ${step.step} ${step.name}`, async (t) => {
      if (step.kind === "check") {
        await inTransaction(client, "ROLLBACK", async () => {
          const before = await valuesBefore(client, step.evidence);
          t.same(await stopsAt(client, step, "before"), []);
          await showEvidence(t, client, step.evidence, before);
        });
      } else if (step.kind === "sql") {
        await inTransaction(client, "ROLLBACK", async () => {
          const entry = await objectsOf(client);
          await playStep(t, client, step);
          await playRollback(t, client, step);
          const left = difference(entry, await objectsOf(client));
          t.same(left, step.rollback.mode === "revert" ? [] : step.allowed.objects, "what the rollback leaves");
        });
        await inTransaction(client, "COMMIT", () => playStep(t, client, step));
      }
      await inTransaction(client, "ROLLBACK", async () => {
        for (const other of phase1.steps) {
          if (other.kind === "record" || other.step > step.step) continue;
          const lasting = other.evidence.filter(({ expect }) => "equals" in expect);
          await showEvidence(t, client, lasting, new Map());
        }
      });
    });
  }
  t.equal(await valueOf(client, "SELECT count(*) FROM apr_action_types"), 10);
});

t.test("PLAN-8 steps 5 to 1 are undone after commit, latest first, and step 6 is retired", async (t) => {
  const client = await useFixture(t, phase1Fixture);
  const steps = phase1.steps.filter(isSql);
  const entry = await inTransaction(client, "ROLLBACK", () => objectsOf(client));
  for (const step of steps) await inTransaction(client, "COMMIT", () => client.query(step.sql));
  for (const step of steps.toReversed()) await inTransaction(client, "COMMIT", () => playRollback(t, client, step));
  const left = difference(entry, await inTransaction(client, "ROLLBACK", () => objectsOf(client)));
  t.same(left, ["trigger trg_birth_apr_action_types on public.apr_action_types"]);
  t.equal(await valueOf(client, "SELECT count(*) FROM apr_action_types WHERE status = 'retired'"), 4);
});

const contradictions: readonly [step: number, stop: string, made: string][] = [
  [0, "A table of Phase 1 is there already", "CREATE TABLE public.gov_worker_cursor ()"],
  [0, "A table that is reused is missing", "DROP TABLE public.dot_coverage_required"],
  [0, "The counts contradict the package", "DELETE FROM public.apr_approvals WHERE id = 1"],
  [
    0,
    "Something of governance is registered or running already",
    "INSERT INTO public.queue_heartbeat (executor_name, executor_kind) VALUES ('gov_x', 'PG_worker')",
  ],
  [1, "A ruleset is there already", "CREATE TABLE public.governance_ruleset (status text)"],
  [2, "The safe-check F-57-1 is not there or does not fire", "ALTER TABLE public.queue_heartbeat DISABLE TRIGGER USER"],
  [3, "SB-12 is not there", "SELECT"],
  [
    4,
    "An event of governance was emitted",
    "INSERT INTO public.event_outbox (event_type, event_domain) VALUES ('worker.silent', 'governance')",
  ],
  [5, "A table or view of this step is there already", "CREATE VIEW public.v_object_owner_gap AS SELECT"],
  [6, "The trigger is not the one that F-83-1 describes", "ALTER TABLE public.apr_action_types DISABLE TRIGGER USER"],
];

t.test("PLAN-8 what contradicts the plan stops it", async (t) => {
  const client = await useFixture(t, phase1Fixture);
  for (const [number, stop, made] of contradictions) {
    const step = phase1.steps.find((other) => other.step === number);
    if (step === undefined) throw new Error(`no step ${number}`);
    await inTransaction(client, "ROLLBACK", async () => {
      await client.query(made);
      t.ok((await stopsAt(client, step, "before")).includes(stop), `step ${number}: ${stop}`);
    });
  }
});

t.test("PLAN-8 a session that is idle in a transaction for a second stops step 1", async (t) => {
  const step = phase1.steps.find(isSql);
  const stop = step?.stop?.find(({ name }) => name === "A session is idle in a transaction");
  if (stop === undefined) throw new Error("no such condition");
  const { url } = await useTarget(t);
  const client = await connect(t, url);
  const other = await connect(t, url);
  t.equal(await valueOf(client, stop.sql), false);
  await other.query("BEGIN");
  // not a sleep: the pause between two looks at a condition
  while ((await valueOf(client, stop.sql)) !== true) await pause(50);
  await other.query("ROLLBACK");
  t.equal(await valueOf(client, stop.sql), false, "and over");
});

t.test("PLAN-8 c1-vocabulary stops without a build, and gives a built vocabulary its readers", async (t) => {
  const plan = await readPlan("c1-vocabulary.yaml");
  const client = await connect(t, (await useTarget(t)).url);
  const [check, , reader] = plan.steps;
  if (check?.kind !== "check" || reader?.kind !== "sql") throw new Error("not the steps");
  t.same(await stopsAt(client, check, "before"), []);
  await showEvidence(t, client, check.evidence, new Map());
  const [missing] = reader.stop ?? [];
  t.equal(await valueOf(client, missing?.sql ?? ""), true, missing?.name ?? "");

  await client.query(await readFile(new URL("../../migrations/builds/c1-vocabulary.sql", import.meta.url), "utf8"));
  t.same(await stopsAt(client, reader, "before"), ["No build has proved itself"]);
  await client.query(`BEGIN; SELECT c1.ensure_collection('root', 'GBA-1'); SELECT c1.admit_value('op', '1', 'An operation.', 'root', 'GBA-1');
    INSERT INTO c1.build_evidence VALUES ('root', 'evidence', 'GBA-1', 'sha256:0', 'sha256:0', 1, '{}'); COMMIT`);
  await inTransaction(client, "ROLLBACK", async () => {
    const entry = await objectsOf(client);
    await playStep(t, client, reader);
    await playRollback(t, client, reader);
    t.same(difference(entry, await objectsOf(client)), []);
  });
});
