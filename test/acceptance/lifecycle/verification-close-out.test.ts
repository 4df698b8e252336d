import t, { type Test } from "tap";
import type { CloseOut } from "../../../src/lifecycle/index.ts";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import { decide, manifestOf, prepareTransition, rehearseManifest } from "../../support/lifecycle-runs.ts";
import { startRun, untilRun } from "../../support/runs.ts";
import { type Service, startService } from "../../support/service.ts";

t.setTimeout(200_000);

async function setUp(t: Test) {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  return { target, service };
}

const urlOf = (root: string): string => `/v1/lifecycle/close-outs/${encodeURIComponent(root)}`;

async function closeOutOf(service: Service, root: string): Promise<CloseOut> {
  return (await expectStatus(service.call("GET", urlOf(root), { as: "auditor" }), 200)).body as unknown as CloseOut;
}

const three = [0, 1, 2].map((n) => ({ canonical_address: `ICX-CONST/DIEU-${n}` }));

t.test("LIFE-6 a finished run is closed out: who approved it, what it wrote, how each unit stands", async (t) => {
  const { target, service } = await setUp(t);
  const enactment = await decide(service, "enactment", ["ICX-CONST/*"]);
  const compensation = await decide(service, "retirement", ["ICX-CONST/*"]);
  const manifest = await manifestOf(service, {
    transition: "enact",
    units: three,
    review_decision_id: enactment,
    compensation_decision_id: compensation,
  });

  const rehearsed = await rehearseManifest(service, manifest);
  t.equal(rehearsed.status, "succeeded", JSON.stringify(rehearsed.error));
  const key = await usableKey(service);
  const run = await prepareTransition(service, manifest, { rehearsal: rehearsed.rehearsal_ref ?? "", key });
  await expectStatus(startRun(service, run), 202);
  t.equal((await untilRun(service, run.root)).status, "succeeded");

  const report = await closeOutOf(service, run.root);
  t.match(report, {
    idempotency_root: run.root,
    build: "lifecycle-enact",
    transition: "enact",
    mode: "commit",
    database: "default",
    status: "succeeded",
    stop_state: null,
    executor: "c1-builder",
    passed: true,
    approval: {
      auth_code: run.authCode,
      signed_by: /\w/,
      manifest_digest: manifest.manifest_digest,
      decisions: [
        { decision_id: enactment, of: "transition", record: { decision_kind: "enactment", decided_by: /\w/ } },
        { decision_id: compensation, of: "compensation", record: { decision_kind: "retirement" } },
      ],
    },
    gateway: { approved: manifest.input.gateway_digest, now: manifest.input.gateway_digest },
  });
  t.ok(report.approval.voters.length > 0);
  t.ok(!report.approval.voters.includes(report.executor));
  t.strictSame(
    report.counts.map(({ expected, found, passed }) => [expected, found, passed]),
    [
      [3, 3, true],
      [0, 0, true],
      [0, 0, true],
      [0, 0, true],
      [0, 0, true],
      [0, 0, true],
    ],
  );
  t.equal(report.log.length, 3);
  t.ok(report.log.every((line) => line.run_ref === run.root && line.review_decision_id === enactment));
  for (const [at, unit] of report.units.entries()) {
    t.match(unit, {
      canonical_address: three[at]?.canonical_address,
      version_digest: manifest.input.units[at]?.version_digest,
      digest_now: manifest.input.units[at]?.version_digest,
      unit_status: "enacted",
      version_status: "enacted",
      since: null,
      passed: true,
    });
    t.equal(unit.log_ids.length, 1);
  }
  t.same(report.row_counts, [
    { table: "public.information_unit", rows: 158 },
    { table: "public.unit_version", rows: 165 },
    { table: "public.iu_lifecycle_log", rows: 3 },
  ]);

  const page = await service.call("GET", urlOf(run.root), { as: "operator", headers: { accept: "text/html" } });
  t.equal(page.status, 200);
  t.match(page.headers.get("content-type"), /^text\/html/);
  t.match(page.text, `<h1>Close-out of ${run.root}</h1>`);
  t.match(page.text, /Result: <strong>passed<\/strong>/);
  t.match(page.text, /<th scope="row">ICX-CONST\/DIEU-2<\/th>/);
  t.notMatch(page.text, /<script|<style|<link|style=|href=|src=/);

  await t.test("what the rehearsal left is nothing", async (t) => {
    const rehearsal = rehearsed as unknown as { idempotency_root: string };
    const shown = await closeOutOf(service, rehearsal.idempotency_root);
    t.match(shown, { mode: "dry-run", status: "succeeded", log: [], counts: [{ expected: 0, found: 0 }] });
  });

  await t.test("a later transition is said, and is no fault", async (t) => {
    await target.query(
      `SELECT public.fn_iu_retire('ICX-CONST/DIEU-1', 'tester', $1, NULL, 'Out of date.', 'by-hand', false)`,
      [compensation],
    );
    const later = await closeOutOf(service, run.root);
    t.equal(later.passed, true);
    t.match(later.units[1], { unit_status: "retired", version_status: "retired", since: "retire", passed: true });
  });

  await t.test(
    "a decision that the target has otherwise, or not at all, or of another database, fails it",
    async (t) => {
      const [was] = await target.query<{ row: object }>(
        "SELECT to_jsonb(d) AS row FROM cutter_governance.review_decision AS d WHERE id = $1",
        [enactment],
      );
      const problems = async () => {
        const shown = await closeOutOf(service, run.root);
        return [shown.passed, ...shown.approval.decisions.map(({ problem }) => problem)];
      };
      t.strictSame(await problems(), [true, null, null]);
      for (const change of [
        "decided_by = 'council_2'",
        "subjects = '{ICX-CONST/*,DIEU-44/*}'",
        "decided_at = decided_at + interval '1 second'",
        "decided_at = 'infinity'",
        "decision = 'reject'",
        "decision_kind = 'retirement'",
        "reason = 'another'",
      ]) {
        await target.query(`UPDATE cutter_governance.review_decision SET ${change} WHERE id = $1`, [enactment]);
        t.match(await problems(), [false, /otherwise than the council/, null], change);
        await target.query("DELETE FROM cutter_governance.review_decision WHERE id = $1", [enactment]);
        t.match(await problems(), [false, /does not have it/, null]);
        await target.query(
          "INSERT INTO cutter_governance.review_decision SELECT * FROM jsonb_populate_record(NULL::cutter_governance.review_decision, $1)",
          [was?.row],
        );
      }
      t.strictSame(await problems(), [true, null, null]);
    },
  );

  await t.test("a status that was changed past the gateway fails its unit, and the close-out", async (t) => {
    await target.query(`ALTER TABLE public.unit_version DISABLE TRIGGER ALL;
      UPDATE public.unit_version SET lifecycle_status = 'draft'
       WHERE id = (SELECT version_anchor_ref FROM public.information_unit WHERE canonical_address = 'ICX-CONST/DIEU-2')`);
    const tampered = await closeOutOf(service, run.root);
    t.equal(tampered.passed, false);
    t.strictSame(
      tampered.units.map(({ passed }) => passed),
      [true, true, false],
    );
    t.not(tampered.gateway.now, tampered.gateway.approved);
  });
});

t.test("LIFE-6 a run that was undone forward is closed out with the lines of both", async (t) => {
  const { target, service } = await setUp(t);
  const manifest = await manifestOf(service, {
    transition: "enact",
    units: three.slice(0, 2),
    review_decision_id: await decide(service, "enactment", ["ICX-CONST/*"]),
    compensation_decision_id: await decide(service, "retirement", ["ICX-CONST/*"]),
  });
  const run = await prepareTransition(service, manifest);
  const gate = await holdGate(t, target.superUrl, "LOCK TABLE public.iu_lifecycle_log IN SHARE MODE");
  await expectStatus(startRun(service, run), 202);
  await gate.waitedFor();
  t.match(await service.call("GET", urlOf(run.root), { as: "auditor" }), {
    status: 409,
    body: { code: "RUN_NOT_FINISHED" },
  });
  const body = { reason: "Not these.", running: "compensate" };
  await expectStatus(service.call("POST", `/v1/grants/${run.authCode}/revoke`, { as: "operator", body }), 200);
  await gate.open();
  t.equal((await untilRun(service, run.root)).status, "stopped");
  const report = await closeOutOf(service, run.root);
  t.match(report, { status: "stopped", stop_state: "COMP_ENACTMENT", passed: true });
  t.strictSame(
    report.counts.map(({ expected, found }) => [expected, found]),
    [
      [2, 2],
      [2, 2],
      [0, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
  t.strictSame(
    report.units.map(({ unit_status, log_ids }) => [unit_status, log_ids.length]),
    [
      ["retired", 2],
      ["retired", 2],
    ],
  );

  const failed = async () => {
    const shown = await closeOutOf(service, run.root);
    t.equal(shown.passed, false);
    return shown.counts.filter(({ passed }) => !passed).map(({ name }) => name);
  };
  // As if what was undone had been another version than the one that this run has put in force.
  await target.query(`ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER ALL;
    UPDATE public.iu_lifecycle_log SET uv_id = gen_random_uuid() WHERE transition_type = 'retire' AND canonical_address = 'ICX-CONST/DIEU-1'`);
  t.ok((await failed()).includes("lines that undo another version than the run's"));
  // As if one had been left in force.
  await target.query(`ALTER TABLE public.unit_version DISABLE TRIGGER ALL;
    UPDATE public.unit_version SET lifecycle_status = 'enacted'
      WHERE id = (SELECT uv_id FROM public.iu_lifecycle_log WHERE transition_type = 'enact' AND canonical_address = 'ICX-CONST/DIEU-1');
    DELETE FROM public.iu_lifecycle_log WHERE transition_type = 'retire' AND canonical_address = 'ICX-CONST/DIEU-1'`);
  t.ok((await failed()).includes("versions of the run that were to be undone and are in force"));
});

t.test("LIFE-6 bad input: no such run has a close-out, and one of another build has none", async (t) => {
  const { service } = await setUp(t);
  t.match(await service.call("GET", urlOf("no-such-root"), { as: "auditor" }), {
    status: 404,
    body: { code: "NOT_FOUND" },
  });
  t.equal((await service.call("GET", urlOf("no-such-root"))).status, 401);
});
