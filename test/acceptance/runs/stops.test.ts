import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { manifest, prepareCommit, readRun, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.setTimeout(180_000);

/** A service whose target has the collection already, so that a test can hold its tables. */
async function built(t: Test, config: object = {}) {
  const target = await useTarget(t);
  const service = await startService(t, {
    targets: { default: target.url },
    config: { runPollMs: 50, runRetrySeconds: 60, ...config },
  });
  const key = await usableKey(service);
  const first = await prepareCommit(service, { manifest: manifest(2) }, { key });
  await expectStatus(startRun(service, first), 202);
  await untilRun(service, first.root);
  return { target, service, key };
}

const grown = { manifest: manifest(5) };

/** Starts a run that waits in S4, where it admits its values, until the gate opens. */
async function waitingInValues(
  t: Test,
  { target, service, key }: Awaited<ReturnType<typeof built>>,
  body: object = {},
) {
  const prepared = await prepareCommit(service, grown, { key });
  // Readers pass, writers wait.
  const gate = await holdGate(t, target.superUrl, "LOCK TABLE c1.operation_vocabulary IN SHARE MODE");
  await expectStatus(startRun(service, { body: { ...prepared.body, ...body } }), 202);
  await gate.waitedFor();
  t.equal((await readRun(service, prepared.root)).state, "S4");
  const revoke = (running?: string) =>
    service.call("POST", `/v1/grants/${prepared.authCode}/revoke`, {
      as: "operator",
      body: { reason: "Not today.", ...(running && { running }) },
    });
  const active = () =>
    target.query<{ code: string }>(
      "SELECT operation_code AS code FROM c1.operation_vocabulary WHERE status = 'active' ORDER BY 1",
    );
  return { ...prepared, gate, revoke, active };
}

t.test("OPEN-4 stop takes effect at the next state boundary, and what is done stays", async (t) => {
  const place = await built(t);
  const run = await waitingInValues(t, place);
  await expectStatus(run.revoke(), 409);
  const answer = await expectStatus(run.revoke("stop"), 200);
  t.equal(answer.body["status"], "consumed", "the grant stays as it is");
  t.match(await readRun(place.service, run.root), { status: "running", stop_request: { running: "stop" } });
  await run.gate.open();
  const stopped = await untilRun(place.service, run.root);
  t.match(stopped, { status: "stopped", stop_state: "STOP_REQUESTED", last_ok_state: "S4", compensations: [] });
  t.equal((await run.active()).length, 5, "the state that was under way was finished, whole");
  t.match((await place.service.call("GET", "/v1/leases/lego1-c1-build", { as: "operator" })).body, {
    status: "released",
  });
  const grant = await place.service.call("GET", `/v1/grants/${run.authCode}`, { as: "auditor" });
  t.match(grant.body, { status: "consumed", evidence: { run: { status: "stopped", stop_state: "STOP_REQUESTED" } } });
  await expectStatus(place.service.call("POST", `/v1/runs/${run.root}/resume`, { as: "c1-builder" }), 409);

  // The authority to undo outlives all of it (OPEN-2).
  await expectStatus(run.revoke("compensate"), 200);
  const undone = await untilRun(
    place.service,
    run.root,
    (one) => one.stop_state === "COMP_VALUES" && one.status === "stopped",
  );
  t.same(
    undone.compensations.map(({ compensation, status }) => [compensation, status]),
    [
      ["COMP_VALUES", "ok"],
      ["COMP_SCHEMA", "ok"],
    ],
  );
  t.same(
    (await run.active()).map(({ code }) => code),
    ["op.n00000", "op.n00001"],
    "what an earlier run admitted is untouched",
  );
  await expectStatus(run.revoke("compensate"), 409);
});

t.test("OPEN-2 compensation needs neither a live grant nor a trusted key, and goes on under a hold", async (t) => {
  const place = await built(t);
  const run = await waitingInValues(t, place);
  await expectStatus(run.revoke("compensate"), 200);
  const { service, key } = place;
  await expectStatus(
    service.call("POST", `/v1/signing-keys/${key.kid}/revoke`, { as: "admin", body: { reason: "lost" } }),
    200,
  );
  await expectStatus(service.call("POST", "/v1/holds", { as: "operator", body: { reason: "Everything stops." } }), 201);
  await run.gate.open();
  const undone = await untilRun(service, run.root);
  t.match(undone, { status: "stopped", stop_state: "COMP_VALUES" });
  t.equal((await run.active()).length, 2);
});

t.test("OPEN-3 a run that is past its work-by advances no further and is undone", async (t) => {
  const place = await built(t);
  const run = await waitingInValues(t, place, { work_within_seconds: 600 });
  await place.service.stage.database.transact((tx) =>
    tx.query("UPDATE c1_build_run SET work_by = clock_timestamp() WHERE idempotency_root = $1", [run.root]),
  );
  await run.gate.open();
  const undone = await untilRun(place.service, run.root);
  t.match(undone, { status: "stopped", stop_state: "COMP_VALUES", error: { code: "RUN_OVERDUE" } });
  t.equal((await run.active()).length, 2);
});

t.test("GRANT-9 no run starts under a hold, and none is resumed", async (t) => {
  const { service, key } = await built(t);
  const prepared = await prepareCommit(service, grown, { key });
  const hold = await expectStatus(
    service.call("POST", "/v1/holds", { as: "operator", body: { reason: "Stop." } }),
    201,
  );
  t.match((await expectStatus(startRun(service, prepared), 409)).body, { code: "REGISTRATION_HOLD" });
  await expectStatus(
    service.call("POST", `/v1/holds/${String(hold.body["id"])}/lift`, { as: "operator", body: {} }),
    200,
  );
  await expectStatus(startRun(service, prepared), 202);
  t.match(await untilRun(service, prepared.root), { status: "succeeded" });
});
