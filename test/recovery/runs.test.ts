import t from "tap";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { migrateTarget } from "../../src/database/index.ts";
import { noticeRestore } from "../../src/recovery/index.ts";
import { expectStatus } from "../support/flow.ts";
import { holdGate } from "../support/gate.ts";
import { act, approve, register, rehearse, setPlace, stepUrl } from "../support/plans.ts";
import { smallFixture, smallPlan } from "../support/crash/small-plan.ts";
import { prepareCommit, prepareDryRun, readRun, startRun, untilRun, useTarget } from "../support/runs.ts";
import { setStage, startService } from "../support/service.ts";
import { recoverOn, restoreOf } from "./scene.ts";

t.setTimeout(120_000);

t.test("RUN-1 a run that was under way in the backup waits for its executor, and does nothing twice", async (t) => {
  const stage = await setStage(t);
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  const target = await useTarget(t);
  await migrateTarget({ ownerUrl: target.url });
  const targets = { default: target.url };
  const config = { runPollMs: 50, runRetrySeconds: 60 };
  const service = await startService(t, { stage, targets, config });
  const { root, authCode, body } = await prepareCommit(service);
  const gate = await holdGate(t, target.superUrl, "LOCK TABLE countersign_run_marker IN SHARE MODE");
  await expectStatus(startRun(service, { body }), 202);
  await gate.waitedFor();
  const restored = await restoreOf(t, stage);
  await restored.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  const parked = `SELECT idempotency_root, claimed_until > now() + interval '50 years' AS parked FROM c1_build_run`;
  t.same(
    (await restored.database.transact((tx) => tx.query(parked))).rows,
    [{ idempotency_root: root, parked: true }],
    "a start without the command parks it already",
  );
  await gate.open();
  const lost = await untilRun(service, root);
  t.equal(lost.status, "succeeded", "in the time that is lost it comes to its end");
  const marks = await target.query("SELECT state, attempt, marked_at FROM countersign_run_marker ORDER BY marked_at");
  await service.app.close();

  const { report, audit } = await recoverOn(restored, targets);
  t.match(report, { runs_parked: [root], lost_runs: [], grants_revoked: [] });
  t.match(audit, { passed: true, contradictions: [] });
  const later = await startService(t, { stage: restored, targets, config });
  const resume = () => later.call("POST", `/v1/runs/${root}/resume`, { as: "c1-builder" });
  t.match(await resume(), { status: 409, body: { code: "REGISTRATION_HOLD" } }, "not while everything is held");
  for (const id of report.holds) {
    await expectStatus(later.call("POST", `/v1/holds/${id}/lift`, { as: "operator" }), 200);
  }
  const other = await prepareDryRun(later);
  await expectStatus(startRun(later, other), 202);
  await untilRun(later, other.root);
  t.match(
    await readRun(later, root),
    { status: "running", last_ok_state: "S1" },
    "others are taken up, this one is not",
  );

  await expectStatus(resume(), 202);
  const { status, lease } = await untilRun(later, root);
  t.equal(status, "succeeded");
  t.ok((lease?.fencing_token ?? 0) > 1_000_000_000);
  t.same(
    await target.query("SELECT state, attempt, marked_at FROM countersign_run_marker ORDER BY marked_at"),
    marks,
    "what its markers say is done is not done again",
  );
  t.ok(authCode);
});

t.test("PLAN-2 a record that was used after the backup is of no use in the restored database", async (t) => {
  const place = await setPlace(t, { fixture: smallFixture });
  const { stage } = place.service;
  await stage.database.transact((tx) => noticeRestore(tx, serviceCaller("start"), "hold"));
  const plan = await register(place.service, smallPlan);
  const { run } = await rehearse(place.service, plan, 1);
  t.equal(run.status, "succeeded", JSON.stringify(run.error));
  const code = await approve(place.service, plan, 1, run.rehearsal?.rehearsal_ref);
  const restored = await restoreOf(t, stage);
  const lost = await act(place.service, plan, 1, "commit", code);
  t.equal(lost.run.status, "succeeded");

  const { report, audit } = await recoverOn(restored, { default: place.target.url });
  t.match(report, {
    records_revoked: [code],
    lost_runs: [{ target: "default", run_root: lost.root, auth_code: code }],
  });
  t.match(audit, { passed: true, contradictions: [] });
  const later = await startService(t, { stage: restored, targets: { default: place.target.url } });
  for (const id of report.holds) {
    await expectStatus(later.call("POST", `/v1/holds/${id}/lift`, { as: "operator" }), 200);
  }
  const body = { idempotency_root: "once more", approval_code: code };
  const again = await later.call("POST", stepUrl(plan, 1, "commit"), { as: "c1-builder", body });
  t.match(again, { status: 409, body: { code: "RECORD_REVOKED" } });
});
