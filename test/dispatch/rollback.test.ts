import t, { type Test } from "tap";
import type { RequestForExecution } from "../../src/approvals/index.ts";
import { executeRequest } from "../../src/dispatch/index.ts";
import { authorizeRollback } from "../../src/dispatch/handlers/authorize-rollback.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import type { Sightings } from "../../src/rehearsals/index.ts";
import { approveSovereign, sovereignRequest, usableKey } from "../support/commit.ts";
import { approvalRequest, execute, expectStatus, mintGrant } from "../support/flow.ts";
import {
  digestsOf,
  manifest,
  prepareCommit,
  prepareDryRun,
  runBindings,
  startRun,
  untilRun,
  useTarget,
} from "../support/runs.ts";
import { type InProcess, startService } from "../support/service.ts";

t.setTimeout(120_000);

const caller = serviceCaller("test");
const unseen: Sightings = new Map();
const values = { manifest: manifest(3) };

/** A service that has finished a build in `staging`. */
async function built(t: Test) {
  const target = await useTarget(t);
  const targets = { default: target.url, other: target.url };
  const service = await startService(t, { targets, config: { runPollMs: 150 } });
  const key = await usableKey(service);
  const run = await prepareCommit(service, values, { key });
  await expectStatus(startRun(service, run), 202);
  await untilRun(service, run.root);
  return { target, service, key, root: run.root };
}

const steps = [
  { act: "retire", operation_code: "op.n00000", protocol_version: "1", rollback_ref: "r", reason: "As approved." },
];
const actionSet = ["dot_c1_retire_value"];

async function rollbackAction(service: InProcess, root: string): Promise<Record<string, unknown>> {
  const digests = await digestsOf(service, { rolls_back: root, steps }, "c1-vocabulary-rollback");
  return { ...digests, action_set: actionSet, rolls_back: root };
}

/** A request as the handler gets it. */
function asked(action: Record<string, unknown>, changes: Partial<RequestForExecution> = {}): RequestForExecution {
  const content = sovereignRequest({ proposed_action_code: "authorize_rollback" }, action);
  return {
    aprCode: content.apr_code,
    digest: `sha256:${"0".repeat(64)}`,
    requestedBy: "requester",
    actionCode: "authorize_rollback",
    risk: "sovereign",
    content: content as unknown as RequestForExecution["content"],
    quorumPassed: true,
    voters: ["approver_1", "approver_2", "council_1"],
    ...changes,
  };
}

interface Closes {
  readonly request?: Partial<RequestForExecution>;
  readonly commit?: boolean;
  readonly action?: Record<string, unknown>;
}

/** Each gate in its order: what closes it, and its line. */
const gates: readonly { readonly line: string; readonly closes: Closes }[] = [
  { line: "SKIP:reject_action_superset", closes: { request: { actionCode: "authorize_sovereign_build" } } },
  { line: "FAIL:reject_commit_not_true", closes: { commit: false } },
  { line: "FAIL:reject_risk_not_sovereign", closes: { request: { risk: "high" } } },
  { line: "FAIL:reject_scope_not_registered", closes: { action: { namespace: "DRYRUN-NS" } } },
  { line: "FAIL:reject_quorum_not_passed", closes: { request: { quorumPassed: false } } },
  { line: "FAIL:reject_payload_rollback_plan_ref", closes: { action: { rollback_plan_ref: undefined } } },
  {
    line: "FAIL:reject_action_set_not_allowed",
    closes: { action: { action_set: ["dot_c1_retire_value", "staging_consume"] } },
  },
  // In the scope that needs a rehearsal; it is registered, so of the gates before it none closes.
  { line: "FAIL:reject_payload_rehearsal_ref", closes: { action: { environment: "production" } } },
  { line: "FAIL:reject_payload_rolls_back", closes: { action: { rolls_back: undefined } } },
];

t.test("RUN-6 each gate of the rollback alone has its own line, and of two the earlier one answers", async (t) => {
  const { service, root } = await built(t);
  const action = await rollbackAction(service, root);
  const line = async (...closes: readonly Closes[]): Promise<string> => {
    const request = asked(Object.assign({}, action, ...closes.map((one) => one.action)) as Record<string, unknown>);
    const changed = Object.assign(request, ...closes.map((one) => one.request)) as RequestForExecution;
    const commit = closes.find((one) => one.commit !== undefined)?.commit ?? true;
    const whole = { ...changed, content: { ...changed.content, commit } };
    const outcome = await service.stage.database.transact(
      (tx) => tx.savepoint(() => authorizeRollback.execute(tx, caller, whole, unseen)),
      { rollback: true },
    );
    return outcome.result;
  };
  for (const [i, first] of gates.entries()) {
    t.equal(await line(first.closes), first.line);
    for (const second of gates.slice(i + 1)) {
      t.equal(await line(second.closes, first.closes), first.line, `${first.line} before ${second.line}`);
    }
  }
  t.equal(await line({ action: { action_set: ["staging_consume"] } }), "FAIL:reject_action_set_not_allowed");
  t.equal(await line({ action: { rolls_back: "none" } }), "FAIL:reject_run_not_on_record");
});

t.test("RUN-6 only a run of the very scope that is asked for is rolled back", async (t) => {
  const { service, root } = await built(t);
  const action = await rollbackAction(service, root);
  const line = async (changes: Record<string, unknown>): Promise<unknown> => {
    const request = sovereignRequest({ proposed_action_code: "authorize_rollback" }, { ...action, ...changes });
    return (await execute(service, await approveSovereign(service, request))).body["result"];
  };
  const { body } = await service.call("GET", "/v1/scopes?limit=200", { as: "admin" });
  const shipped = (body["items"] as unknown as Record<string, unknown>[]).find(
    (one) => one["environment"] === "staging" && one["carrier"] === "C1",
  );
  const { carrier, namespace, axis, target, allowed_action_sets, lease_name, rehearsal_required } = shipped ?? {};
  const scope = { carrier, namespace, axis, target, allowed_action_sets, lease_name, rehearsal_required };
  const register = (changes: object) =>
    expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: { ...scope, ...changes } }), 201);
  await register({ environment: "staging-2", database: "default" });
  t.equal(await line({ environment: "staging-2" }), "FAIL:reject_run_of_another_scope");
  await expectStatus(service.call("POST", `/v1/scopes/${String(shipped?.["scope_id"])}/retire`, { as: "admin" }), 200);
  t.equal(await line({}), "FAIL:reject_scope_not_registered");
  await register({ environment: "staging", database: "other" });
  t.equal(await line({}), "FAIL:reject_run_of_another_scope", "the same name, standing for another database by now");
});

t.test("RUN-6 a rollback is rehearsed like a build, and the target is as it was", async (t) => {
  const { target, service, root } = await built(t);
  const action = await rollbackAction(service, root);
  const rows = () => target.query("SELECT vocab_id, status FROM c1.operation_vocabulary ORDER BY 1");
  const before = await rows();
  const authCode = await mintGrant(service, approvalRequest({}, action));
  const grant = await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" });
  t.match(grant.body, { mode: "dry-run", evidence: { rolls_back: root } });
  const { rolls_back: _, ...digests } = action as Record<string, string>;
  const bindings = runBindings(digests as never, { action_set: actionSet });
  const body = { idempotency_root: "try", auth_code: authCode, bindings, input: { rolls_back: root, steps } };
  await expectStatus(service.call("POST", `/v1/runs/${root}/rollback`, { as: "c1-builder", body }), 202);
  t.match(await untilRun(service, "try"), {
    status: "succeeded",
    rolls_back: root,
    rehearsal: { passed: true, content: { forward: [{ state: "S2", ok: true }, {}, {}] } },
  });
  t.strictSame(await rows(), before);
});

t.test(
  "OPEN-1 a rehearsal that does not stand any more is FAIL:REHEARSAL_STALE, on record, for any action",
  async (t) => {
    const target = await useTarget(t);
    const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
    const dry = await prepareDryRun(service, values);
    await expectStatus(startRun(service, dry), 202);
    const rehearsed = await untilRun(service, dry.root);
    const ref = rehearsed.rehearsal_ref ?? "";
    const action = { ...(await digestsOf(service, values)), environment: "production", rehearsal_ref: ref };
    const request = sovereignRequest({}, action);
    const { aprCode, digest } = await approveSovereign(service, request);
    const line = (sightings: Sightings) =>
      service.stage.database.transact((tx) => executeRequest(tx, caller, aprCode, digest, sightings));
    const result = async () =>
      (await service.call("GET", `/v1/approval-requests/${aprCode}`, { as: "auditor" })).body["result"] ?? null;

    for (const [sightings, what] of [
      [unseen, "nobody looked"],
      [new Map([[ref, { unseen: "The target is away." }]]), "the target did not answer"],
      [new Map([[`sha256:${"0".repeat(64)}`, { fingerprint: rehearsed.rehearsal?.fingerprint ?? "" }]]), "another one"],
    ] as const) {
      await t.rejects(line(sightings), { code: "REHEARSAL_UNSEEN" }, what);
      t.equal(await result(), null, `${what}: nothing is decided, and nothing is on record`);
    }
    t.match(await line(new Map([[ref, { fingerprint: "sha256:other" }]])), { result: "FAIL:REHEARSAL_STALE" });
    t.equal(await result(), "FAIL:REHEARSAL_STALE");
    const grants = (await service.call("GET", "/v1/grants", { as: "auditor" })).body["items"] as unknown as object[];
    t.match(grants, [{ mode: "dry-run" }]);
    t.equal(grants.length, 1, "nothing was minted");

    await target.query("CREATE SCHEMA c1");
    const over = (headers: Record<string, string> = {}) => execute(service, { aprCode, digest }, { headers });
    t.match(await over(), { status: 422, body: { code: "EXECUTION_FAILED", result: "FAIL:REHEARSAL_STALE" } });
    const bare = await over({ accept: "text/plain" });
    t.match([bare.status, bare.text], [422, "FAIL:REHEARSAL_STALE"]);
    await target.query("DROP SCHEMA c1");
    t.match(await line(new Map([[ref, { fingerprint: rehearsed.rehearsal?.fingerprint ?? "" }]])), {
      result: "OK",
      grant: { status: "draft", evidence: { rehearsal_ref: ref } },
    });
  },
);
