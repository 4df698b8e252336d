import { randomUUID } from "node:crypto";
import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import {
  decide,
  type ManifestView,
  manifestOf,
  prepareTransition,
  rehearseManifest,
} from "../../support/lifecycle-runs.ts";
import { startRun, untilRun } from "../../support/runs.ts";
import { startService } from "../../support/service.ts";

t.setTimeout(120_000);

async function setUp(t: Test) {
  const target = await useUnits(t);
  await installPlan(target, "lifecycle-enactment.yaml");
  await installPlan(target, "lifecycle-backlog.yaml");
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const edit = (address: string, title: string, body: string) =>
    target.query("SELECT public.fn_iu_apply_edit_draft($1, $2, $3, 'editor') ->> 'status' AS status", [
      address,
      title,
      body,
    ]);
  const bodyOf = async (address: string): Promise<string> => {
    const [row] = await target.query<{ body: string }>(
      "SELECT v.body FROM unit_version v JOIN information_unit u ON u.version_anchor_ref = v.id WHERE u.canonical_address = $1",
      [address],
    );
    return row?.body ?? "";
  };
  const states = (...addresses: string[]) =>
    target.query(
      "SELECT canonical_address AS unit, lifecycle_status AS status FROM information_unit WHERE canonical_address = ANY ($1) ORDER BY 1",
      [addresses],
    );
  const key = await usableKey(service);
  return { target, service, edit, bodyOf, states, key };
}

type Scene = Awaited<ReturnType<typeof setUp>>;

/** Runs what was approved. @returns the run, and the status of its grant */
async function run({ service }: Scene, prepared: Awaited<ReturnType<typeof prepareTransition>>) {
  await expectStatus(startRun(service, prepared), 202);
  const ended = await untilRun(service, prepared.root);
  const grant = await service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" });
  return { ended, grant: grant.body["status"] };
}

t.test(
  "LIFE-6 a title that was changed after the approval is not what was approved, whatever its body is",
  async (t) => {
    const scene = await setUp(t);
    const { service, edit, bodyOf, states, key } = scene;
    const unit = "ICX-CONST/DIEU-1";
    const decision = await decide(service, "enactment", [unit]);
    const units = [{ canonical_address: unit }];
    const manifest = await manifestOf(service, { transition: "enact", units, review_decision_id: decision });
    const approved = await prepareTransition(service, manifest, { key });
    t.same(await edit(unit, "Another title", await bodyOf(unit)), [{ status: "edited" }]);
    const { ended, grant } = await run(scene, approved);
    t.match(ended, { status: "stopped", stop_state: "ABORT", error: { code: "UNIT_MOVED" } });
    t.equal(grant, "active");
    t.same(await states(unit), [{ unit, status: "draft" }]);
  },
);

t.test(
  "LIFE-6 OPEN-1 nor is the title of the version that supersedes, which also makes a rehearsal stale",
  async (t) => {
    const scene = await setUp(t);
    const { service, edit, key } = scene;
    const unit = "ICX-CONST/DIEU-2";
    const enactment = await decide(service, "enactment", [unit]);
    const units = [{ canonical_address: unit }];
    const first = await manifestOf(service, { transition: "enact", units, review_decision_id: enactment });
    t.equal((await run(scene, await prepareTransition(service, first, { key }))).ended.status, "succeeded");
    await edit(unit, "A good title", "A new text.");
    const supersession = await decide(service, "supersession", [unit]);
    const wanted = { transition: "supersede", units, review_decision_id: supersession };
    const manifest = await manifestOf(service, wanted);
    const rehearsal = (await rehearseManifest(service, manifest)).rehearsal_ref ?? "";
    const staging = await prepareTransition(service, manifest, { key });
    const production = await prepareTransition(service, manifest, { key, rehearsal });
    await edit(unit, "A bad title", "A new text.");
    t.match((await run(scene, staging)).ended, { stop_state: "ABORT", error: { code: "UNIT_MOVED" } });
    const answer = await startRun(service, production);
    const refusal =
      answer.status === 202 ? (await untilRun(service, production.root)).error?.code : answer.body["code"];
    t.ok(["UNIT_MOVED", "REHEARSAL_STALE"].includes(String(refusal)), String(refusal));
  },
);

t.test("LIFE-6 a decision that only the target has lets nothing through", async (t) => {
  const scene = await setUp(t);
  const { target, service, states, key } = scene;
  const [unit, forged] = ["ICX-CONST/DIEU-3", randomUUID()] as const;
  await target.query(
    "SELECT cutter_governance.fn_record_review_decision($1, 'enactment', 'approve', $2, 'forged', NULL, 'council_1', clock_timestamp())",
    [forged, [unit]],
  );
  const manifest = await manifestOf(service, {
    transition: "enact",
    units: [{ canonical_address: unit }],
    review_decision_id: forged,
  });
  t.match(manifest, {
    passed: false,
    results: [{ status: "plan_ok" }],
    decisions: [{ status: "review_decision_not_found" }],
  });
  const refused = await startRun(service, await prepareTransition(service, manifest, { key }));
  t.match(refused, {
    status: 409,
    body: {
      code: "TRANSITION_REFUSED",
      errors: [{ pointer: "/input/review_decision_id", detail: "review_decision_not_found" }],
    },
  });
  t.same(await states(unit), [{ unit, status: "draft" }]);
});

t.test("LIFE-6 a decision that the target has otherwise than the council made it lets nothing through", async (t) => {
  const scene = await setUp(t);
  const { target, service, key } = scene;
  const unit = "ICX-CONST/DIEU-4";
  const decision = await decide(service, "enactment", [unit]);
  const units = [{ canonical_address: unit }];
  const manifest = await manifestOf(service, { transition: "enact", units, review_decision_id: decision });
  const approved = await prepareTransition(service, manifest, { key });
  await target.query("UPDATE cutter_governance.review_decision SET reason = 'another' WHERE id = $1", [decision]);
  const { ended, grant } = await run(scene, approved);
  t.match(ended, { stop_state: "ABORT", error: { code: "TRANSITION_REFUSED", detail: /review_decision_changed/ } });
  t.equal(grant, "active");

  const crafted = { ...manifest, input: { ...manifest.input, review_decision_digest: `sha256:${"0".repeat(64)}` } };
  const digests = await service.call("POST", "/v1/builds/lifecycle-enact/digests", {
    as: "requester",
    body: { input: crafted.input },
  });
  const named = { ...crafted, ...digests.body } as unknown as ManifestView;
  // The grant of before is for the same target and environment.
  await expectStatus(
    service.call("POST", `/v1/grants/${approved.authCode}/revoke`, { as: "operator", body: { reason: "used up" } }),
    200,
  );
  const answer = await startRun(service, await prepareTransition(service, named, { key }));
  t.match(answer.body, { code: "TRANSITION_REFUSED", errors: [{ detail: "review_decision_changed" }] });
});

t.test("OPEN-2 a compensation that could not be carried out is refused before anything is burned", async (t) => {
  const scene = await setUp(t);
  const { service, key } = scene;
  const unit = "ICX-CONST/DIEU-5";
  const enactment = await decide(service, "enactment", [unit]);
  const wrong = [
    [randomUUID(), "review_decision_not_found"],
    [enactment, "review_decision_wrong_kind"],
    [await decide(service, "retirement", [unit], { decision: "reject" }), "review_decision_rejected"],
    [await decide(service, "retirement", ["ICX-CONST/DIEU-50"]), "review_decision_other_subject"],
  ] as const;
  for (const [compensation_decision_id, status] of wrong) {
    const manifest = await manifestOf(service, {
      transition: "enact",
      units: [{ canonical_address: unit }],
      review_decision_id: enactment,
      compensation_decision_id,
    });
    t.match(manifest, { passed: false, compensation: [{ status }], decisions: [{ status: "recorded" }, { status }] });
    const approved = await prepareTransition(service, manifest, { key });
    const answer = await startRun(service, approved);
    t.match(answer.body, {
      code: "TRANSITION_REFUSED",
      errors: [{ pointer: "/input/compensation_decision_id", detail: status }],
    });
    const revoke = `/v1/grants/${approved.authCode}/revoke`;
    await expectStatus(service.call("POST", revoke, { as: "operator", body: { reason: "not this" } }), 200);
  }
});

t.test("OPEN-2 an undoing leaves the version that somebody else has put in force since", async (t) => {
  const scene = await setUp(t);
  const { target, service, edit, states, key } = scene;
  const [six, seven] = ["ICX-CONST/DIEU-6", "ICX-CONST/DIEU-7"] as const;
  const manifest = await manifestOf(service, {
    transition: "enact",
    units: [{ canonical_address: six }, { canonical_address: seven }],
    review_decision_id: await decide(service, "enactment", [six, seven]),
    compensation_decision_id: await decide(service, "retirement", [six, seven]),
  });
  const approved = await prepareTransition(service, manifest, { key });
  const gate = await holdGate(t, target.superUrl, "LOCK TABLE iu_lifecycle_log IN SHARE MODE");
  await expectStatus(startRun(service, approved), 202);
  await gate.waitedFor();
  const revoke = (running: string) =>
    service.call("POST", `/v1/grants/${approved.authCode}/revoke`, {
      as: "operator",
      body: { reason: "Wait.", running },
    });
  await expectStatus(revoke("stop"), 200);
  await gate.open();
  t.equal((await untilRun(service, approved.root)).stop_state, "STOP_REQUESTED");

  await edit(six, "Six", "A better six.");
  const supersession = await decide(service, "supersession", [six]);
  const [done] = await target.query<{ status: string }>(
    `SELECT fn_iu_supersede(u.canonical_address, u.version_anchor_ref, n.id, 'editor', $2, NULL, 'better', 'other-run', false) ->> 'status' AS status
       FROM information_unit u JOIN unit_version n ON n.unit_id = u.id AND n.lifecycle_status = 'draft' WHERE u.canonical_address = $1`,
    [six, supersession],
  );
  t.equal(done?.status, "superseded");
  await expectStatus(revoke("compensate"), 200);
  const undone = await untilRun(
    service,
    approved.root,
    (one) => one.stop_state === "COMP_ENACTMENT" && one.status === "stopped",
  );
  t.match(undone.compensations, [
    { status: "ok", detail: { retired: 1, left: [{ canonical_address: six, status: "superseded" }], left_in_all: 1 } },
  ]);
  t.same(await states(six, seven), [
    { unit: six, status: "enacted" },
    { unit: seven, status: "retired" },
  ]);
});
