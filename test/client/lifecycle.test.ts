import t from "tap";
import { Client, ClientProblem } from "../../src/client/index.ts";
import { mintActive, sovereignRequest } from "../support/commit.ts";
import { installPlan, useUnits } from "../support/lifecycle.ts";
import { runBindings } from "../support/runs.ts";
import { startService } from "../support/service.ts";

t.setTimeout(120_000);

t.test("LIFE-6 the client takes one unit from its decision to its close-out", async (t) => {
  const target = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(target, plan);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const as = (who: keyof typeof service.tokens) => new Client(service.url, service.tokens[who]).lifecycle;
  const unit = "ICX-CONST/DIEU-11";

  const decided = await as("council_1").recordDecision({
    decision_kind: "enactment",
    decision: "approve",
    subjects: ["ICX-CONST/*"],
    reason: "As discussed.",
  });
  const review_decision_id = decided.decision_id;
  t.same(
    (await as("auditor").listDecisions({ decision_kind: "enactment" })).items.map((one) => one.decision_id),
    [review_decision_id],
  );

  const dry = await as("c1-builder").dryRun("enact", { canonical_address: unit, review_decision_id });
  t.match(dry, { status: "plan_ok", from_status: "draft", to_status: "enacted", rows: { iu: 1, uv: 1, log: 1 } });
  const other = await as("c1-builder").dryRun("retire", { canonical_address: unit, review_decision_id, reason: "No." });
  t.equal(other.status, "review_decision_wrong_kind");
  t.ok((await as("auditor").readDecision(review_decision_id)).carried_at, "whoever asks has it carried first");

  const units = [{ canonical_address: unit }];
  const manifest = await as("requester").manifest({ transition: "enact", units, review_decision_id, reason: "Law." });
  const { manifest_digest, schema_digest, input } = manifest;
  const what = { carrier: "IU", axis: "dot:iu:lifecycle", target: "IU_LIFECYCLE_ENACT", action_set: ["iu_enact"] };
  const request = sovereignRequest({}, { ...what, manifest_digest, schema_digest });
  const { authCode: auth_code } = await mintActive(service, request);
  const bound = { mode: "commit", environment: "staging", carrier: "IU", action_set: ["iu_enact"] };
  const bindings = runBindings({ manifest_digest, schema_digest }, bound) as Parameters<Client["verify"]>[0];
  const granted = { idempotency_root: "client-1", auth_code, bindings, input };

  const wrong = await as("c1-builder")
    .retire(granted)
    .catch((error: unknown) => error);
  t.ok(wrong instanceof ClientProblem, "a retirement takes no manifest of an enactment");
  t.equal((await as("c1-builder").enact(granted)).idempotency_root, "client-1");
  for await (const event of new Client(service.url, service.tokens.auditor).watchRun("client-1"))
    t.not(event.event, "run_stopped", JSON.stringify(event.detail));

  const log = await as("auditor").log({ run_ref: "client-1" });
  t.match(log.items, [{ canonical_address: unit, transition_type: "enact", review_decision_id }]);
  t.match((await as("auditor").units({ status: "enacted" })).items, [
    { canonical_address: unit, lifecycle_status: "enacted" },
  ]);
  const closed = await as("auditor").closeOut("client-1");
  t.match(closed, { passed: true, transition: "enact", units: [{ canonical_address: unit, unit_status: "enacted" }] });
  t.match(await as("auditor").closeOutPage("client-1"), /^<!doctype html>[^]*ICX-CONST\/DIEU-11/i);
});

t.test("OPEN-10 the client verifies, accepts and watches a gateway, and resolves what was found", async (t) => {
  const target = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(target, plan);
  const service = await startService(t, { targets: { default: target.url } });
  const as = (who: keyof typeof service.tokens) => new Client(service.url, service.tokens[who]).lifecycle;

  const report = await as("operator").verification("default");
  t.equal(report.passed, true);
  t.match(await as("operator").verificationPage(), /^<!doctype html>/i);
  t.match(
    await as("operator")
      .verificationPage("elsewhere")
      .catch((e: unknown) => e),
    { status: 400, code: "INVALID_REQUEST" },
  );

  const gateway_digest = report.gateway_digest;
  const taken = await as("sovereign").takeBaseline({ gateway_digest, reason: "Both plans." });
  t.same((await as("operator").listBaselines()).items, [taken]);
  await target.query("UPDATE public.dot_config SET value = 'off' WHERE key = 'iu_enact.mode'");
  const seen = await as("operator").watch("default");
  t.equal(seen.differences.length > 0, true);
  const { items } = await as("operator").listIncidents({ status: "open" });
  t.same(new Set(items.map((one) => one.incident_id)), new Set(seen.opened));
  const [first] = items;
  const resolved = await as("operator").resolveIncident(first?.incident_id ?? 0, "Of this test.");
  t.match(resolved, { status: "resolved", resolved_by: "operator", resolved_reason: "Of this test." });
});
