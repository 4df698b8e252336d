import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import { decide, manifestOf, prepareTransition, rehearseManifest } from "../../support/lifecycle-runs.ts";
import { readRun, startRun, untilRun } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.setTimeout(120_000);

async function setUp(t: Test) {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  return { target, service };
}

/** The rows of all that is not named by the manifest, as one digest. */
const others = `
  SELECT md5(string_agg(r, ',' ORDER BY r)) AS digest, count(*)::integer AS count FROM (
    SELECT u::text AS r FROM information_unit u WHERE canonical_address NOT LIKE 'ICX-CONST/%'
    UNION ALL
    SELECT v::text FROM unit_version v JOIN information_unit u ON u.id = v.unit_id WHERE canonical_address NOT LIKE 'ICX-CONST/%'
  ) AS rows`;

t.test("LIFE-6 sixty units are enacted by one governed run: dry run, rehearsal, approval, run, log", async (t) => {
  const { target, service } = await setUp(t);
  const enactment = await decide(service, "enactment", ["ICX-CONST/*"]);
  const compensation = await decide(service, "retirement", ["ICX-CONST/*"]);
  const manifest = await manifestOf(service, {
    transition: "enact",
    address_prefix: "ICX-CONST/",
    review_decision_id: enactment,
    compensation_decision_id: compensation,
  });
  t.equal(manifest.count, 60);
  t.ok(manifest.passed, JSON.stringify(manifest.results.filter((one) => one.status !== "plan_ok").slice(0, 3)));
  const before = await target.query(others);

  const rehearsal = await rehearseManifest(service, manifest);
  t.equal(rehearsal.status, "succeeded", JSON.stringify(rehearsal.error));
  const shown = rehearsal.rehearsal?.content as {
    delta: { rows: { table: string }[] };
    rollback: { detail: { retired: number } }[];
  };
  t.same(
    shown.delta.rows,
    [
      { table: "public.information_unit", inserted: 0, updated: 60, deleted: 0 },
      { table: "public.iu_lifecycle_log", inserted: 60, updated: 0, deleted: 0 },
      { table: "public.unit_version", inserted: 0, updated: 60, deleted: 0 },
    ],
    "the delta that approvers see",
  );
  t.equal(shown.rollback[0]?.detail.retired, 60, "the way back was rehearsed too");
  t.same(await target.query("SELECT count(*)::int AS n FROM iu_lifecycle_log"), [{ n: 0 }], "and nothing of it stayed");

  const key = await usableKey(service);
  const run = await prepareTransition(service, manifest, { rehearsal: rehearsal.rehearsal_ref ?? "", key });
  await expectStatus(startRun(service, run), 202);
  const done = await untilRun(service, run.root);
  t.equal(done.status, "succeeded", JSON.stringify(done.error));
  t.match(done.states.find((one) => one.state === "S3")?.detail, { enacted: 60, log_lines: 60 });
  t.same(
    await target.query(
      `SELECT count(*)::int AS lines, count(DISTINCT uv_id)::int AS versions, count(DISTINCT run_ref)::int AS runs,
              bool_and(review_decision_id = $1) AS decided, bool_and(run_ref = $2) AS own FROM iu_lifecycle_log`,
      [enactment, run.root],
    ),
    [{ lines: 60, versions: 60, runs: 1, decided: true, own: true }],
  );
  t.same(
    await target.query("SELECT lifecycle_status, count(*)::int AS n FROM information_unit GROUP BY 1 ORDER BY 1"),
    [
      { lifecycle_status: "draft", n: 98 },
      { lifecycle_status: "enacted", n: 60 },
    ],
  );
  t.same(await target.query(others), before, "the 98 others are untouched");

  await expectStatus(startRun(service, run), 200);
  t.same(
    await target.query("SELECT count(*)::int AS n FROM iu_lifecycle_log"),
    [{ n: 60 }],
    "the same again is the same run",
  );

  const log = await expectStatus(
    service.call("GET", `/v1/lifecycle/log?run_ref=${run.root}&limit=200`, { as: "auditor" }),
    200,
  );
  t.equal((log.body["items"] as unknown as unknown[]).length, 60);
  const units = await expectStatus(
    service.call("GET", "/v1/lifecycle/units?status=enacted&limit=50", { as: "auditor" }),
    200,
  );
  t.equal((units.body["items"] as unknown as unknown[]).length, 50);
  const rest = await expectStatus(
    service.call("GET", `/v1/lifecycle/units?status=enacted&limit=50&cursor=${units.body["next_cursor"]}`, {
      as: "auditor",
    }),
    200,
  );
  t.equal((rest.body["items"] as unknown as unknown[]).length, 10);
});

t.test("LIFE-7 one unit is superseded and retired under grants of their own", async (t) => {
  const { target, service } = await setUp(t);
  const key = await usableKey(service);
  const run = async (transition: string, kind: string, route: string, wanted: Record<string, unknown> = {}) => {
    const decision = await decide(service, kind, ["ICX-CONST/DIEU-7"]);
    const manifest = await manifestOf(service, {
      transition,
      units: [{ canonical_address: "ICX-CONST/DIEU-7" }],
      review_decision_id: decision,
      ...wanted,
    });
    t.ok(manifest.passed, JSON.stringify(manifest.results));
    const prepared = await prepareTransition(service, manifest, { key });
    const { build: _, ...body } = prepared.body;
    const path = `/v1/lifecycle/${route}`;
    await expectStatus(service.call("POST", path, { as: "c1-builder", body }), 202);
    const done = await untilRun(service, prepared.root);
    t.equal(done.status, "succeeded", JSON.stringify(done.error));
  };
  await run("enact", "enactment", "enactments");
  const edited = await target.query<{ answer: { status: string } }>(
    "SELECT public.fn_iu_apply_edit_draft('ICX-CONST/DIEU-7', 'Điều 7', 'A better text.', 'editor') AS answer",
  );
  t.match(edited[0]?.answer.status, /\w/);
  await run("supersede", "supersession", "supersessions");
  await run("retire", "retirement", "retirements");
  t.same(
    await target.query("SELECT transition_type FROM iu_lifecycle_log ORDER BY log_id"),
    ["enact", "supersede", "enact", "retire"].map((transition_type) => ({ transition_type })),
  );
  t.same(
    await target.query(
      `SELECT v.lifecycle_status FROM unit_version v JOIN information_unit u ON u.id = v.unit_id
        WHERE u.canonical_address = 'ICX-CONST/DIEU-7' ORDER BY v.version_seq`,
    ),
    [{ lifecycle_status: "superseded" }, { lifecycle_status: "retired" }],
  );
});

t.test(
  "OPEN-2 an enactment that is stopped before its end is undone forward, under the decision approved with it",
  async (t) => {
    const { target, service } = await setUp(t);
    const enactment = await decide(service, "enactment", ["ICX-CONST/*"]);
    const compensation = await decide(service, "retirement", ["ICX-CONST/*"]);
    const manifest = await manifestOf(service, {
      transition: "enact",
      units: [{ canonical_address: "ICX-CONST/DIEU-1" }, { canonical_address: "ICX-CONST/DIEU-2" }],
      review_decision_id: enactment,
      compensation_decision_id: compensation,
    });
    const run = await prepareTransition(service, manifest);
    const gate = await holdGate(t, target.superUrl, "LOCK TABLE iu_lifecycle_log IN SHARE MODE");
    await expectStatus(startRun(service, run), 202);
    await gate.waitedFor();
    const revoked = { reason: "Not these.", running: "compensate" };
    const path = `/v1/grants/${run.authCode}/revoke`;
    await expectStatus(service.call("POST", path, { as: "operator", body: revoked }), 200);
    await gate.open();
    const stopped = await untilRun(service, run.root);
    t.match(stopped, { status: "stopped", stop_state: "COMP_ENACTMENT", last_ok_state: "S2" });
    t.match(stopped.compensations, [{ compensation: "COMP_ENACTMENT", status: "ok", detail: { retired: 2 } }]);
    t.same(
      await target.query("SELECT transition_type, count(*)::int AS n FROM iu_lifecycle_log GROUP BY 1 ORDER BY 1"),
      [
        { transition_type: "enact", n: 2 },
        { transition_type: "retire", n: 2 },
      ],
      "the enactment stays on record for ever",
    );
  },
);

t.test(
  "LIFE-6 a gateway that is changed behind a run's back contradicts its close-out; what is enacted stays",
  async (t) => {
    const { target, service } = await setUp(t);
    const enactment = await decide(service, "enactment", ["ICX-CONST/*"]);
    const units = [{ canonical_address: "ICX-CONST/DIEU-1" }, { canonical_address: "ICX-CONST/DIEU-2" }];
    const manifest = await manifestOf(service, { transition: "enact", units, review_decision_id: enactment });
    const run = await prepareTransition(service, manifest);
    await target.query(`
    CREATE FUNCTION tampering() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF NEW.state = 'S2' THEN UPDATE dot_config SET value = value || ' ' WHERE key = 'iu_enact.readme_path'; END IF;
      RETURN NULL; END $$;
    CREATE TRIGGER tampering AFTER INSERT ON countersign_run_marker FOR EACH ROW EXECUTE FUNCTION tampering();`);
    await expectStatus(startRun(service, run), 202);
    const stopped = await untilRun(service, run.root);
    t.match(stopped, { status: "stopped", stop_state: "CONTRADICTION", error: { code: "GATEWAY_CHANGED" } });
    t.same(stopped.compensations, []);
    t.same(await target.query("SELECT transition_type FROM iu_lifecycle_log"), [
      { transition_type: "enact" },
      { transition_type: "enact" },
    ]);
  },
);

t.test("OPEN-10 a gateway that is not the approved one is not gone through", async (t) => {
  const { target, service } = await setUp(t);
  const enactment = await decide(service, "enactment", ["ICX-CONST/*"]);
  const manifest = await manifestOf(service, {
    transition: "enact",
    units: [{ canonical_address: "ICX-CONST/DIEU-1" }],
    review_decision_id: enactment,
  });
  const run = await prepareTransition(service, manifest);
  await target.query("ALTER TABLE information_unit DISABLE TRIGGER trg_iu_enacted_immut");
  await expectStatus(startRun(service, run), 202);
  const stopped = await untilRun(service, run.root);
  t.match(stopped, { status: "stopped", stop_state: "ABORT", error: { code: "GATEWAY_CHANGED" } });
  const grant = await service.call("GET", `/v1/grants/${run.authCode}`, { as: "auditor" });
  t.equal(grant.body["status"], "active", "nothing is burned");
  t.match(await readRun(service, run.root), { lease: null });
});
