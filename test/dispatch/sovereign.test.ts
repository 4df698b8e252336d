import t from "tap";
import type { RequestForExecution } from "../../src/approvals/index.ts";
import { sovereignRefusal } from "../../src/dispatch/handlers/authorize-sovereign-build.ts";
import type { ScopeRow } from "../../src/scopes/index.ts";
import { approveSovereign, mintDraft, sovereignRequest } from "../support/commit.ts";
import { execute, expectStatus } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { startService } from "../support/service.ts";

interface Changes {
  readonly request?: Partial<RequestForExecution>;
  readonly commit?: boolean;
  readonly action?: Record<string, unknown>;
  readonly scope?: Partial<ScopeRow> | null;
}

/** Each gate in its order: what closes it, and its line. */
const gates: readonly { readonly line: string; readonly closes: Changes }[] = [
  { line: "SKIP:reject_action_superset", closes: { request: { actionCode: "authorize_build_step" } } },
  { line: "FAIL:reject_commit_not_true", closes: { commit: false } },
  { line: "FAIL:reject_risk_not_sovereign", closes: { request: { risk: "high" } } },
  { line: "FAIL:reject_scope_not_registered", closes: { scope: null } },
  { line: "FAIL:reject_quorum_not_passed", closes: { request: { quorumPassed: false } } },
  { line: "FAIL:reject_payload_rollback_plan_ref", closes: { action: { rollback_plan_ref: undefined } } },
  { line: "FAIL:reject_payload_schema_digest", closes: { action: { schema_digest: undefined } } },
  {
    line: "FAIL:reject_action_set_not_allowed",
    closes: { action: { action_set: ["staging_consume", "drop_everything"] } },
  },
  { line: "FAIL:reject_payload_rehearsal_ref", closes: { scope: { rehearsal_required: true } } },
  { line: "FAIL:reject_payload_rolls_back", closes: { action: { rolls_back: "a-finished-run" } } },
];

const scope: ScopeRow = {
  scope_id: "1",
  carrier: "C1",
  namespace: "PROD-NS",
  axis: "dot:c1:vocab",
  target: "DOT_C1_VOCAB_BUILD",
  environment: "staging",
  database: "default",
  allowed_action_sets: [["dot_iu_create_collection", "staging_consume"], ["retire_piece"]],
  lease_name: "lego1-c1-build",
  rehearsal_required: false,
  status: "active",
  created_at: new Date(0),
  created_by: "test",
  retired_at: null,
  retired_by: null,
};

function asked(...changes: readonly Changes[]) {
  const action = Object.assign({}, ...changes.map((one) => one.action ?? {})) as Record<string, unknown>;
  const commit = changes.every((one) => one.commit !== false);
  const content = sovereignRequest({ apr_code: "APR-1", commit }, action) as unknown as RequestForExecution["content"];
  const request = Object.assign(
    {
      aprCode: "APR-1",
      digest: `sha256:${"0".repeat(64)}`,
      requestedBy: "requester",
      actionCode: "authorize_sovereign_build",
      risk: "sovereign",
      content,
      quorumPassed: true,
      voters: ["approver_1", "approver_2", "council_1"],
    } as const,
    ...changes.map((one) => one.request ?? {}),
  ) as RequestForExecution;
  const none = changes.some((one) => one.scope === null);
  const changed = Object.assign({ ...scope }, ...changes.map((one) => one.scope ?? {})) as ScopeRow;
  return { request, scope: none ? undefined : changed };
}

t.test("ESIGN-1 each gate of the sovereign build alone has its own line, and of two the earlier one answers", (t) => {
  t.equal(sovereignRefusal(asked()), undefined, "the request of the contract passes");
  for (const [i, first] of gates.entries()) {
    t.equal(sovereignRefusal(asked(first.closes)), first.line);
    for (const second of gates.slice(i + 1)) {
      t.equal(sovereignRefusal(asked(second.closes, first.closes)), first.line, `${first.line} before ${second.line}`);
    }
  }
  t.end();
});

t.test("ESIGN-1 a request's actions must all be of one allowed set", (t) => {
  const withActions = (action_set: string[]) => sovereignRefusal(asked({ action: { action_set } }));
  t.equal(withActions(["staging_consume"]), undefined);
  t.equal(withActions(["retire_piece"]), undefined);
  t.equal(withActions(["staging_consume", "retire_piece"]), "FAIL:reject_action_set_not_allowed");
  t.end();
});

t.test("APR-5 a sovereign request needs three approvals, one of them of the council", async (t) => {
  const service = await startService(t);
  const request = sovereignRequest();
  const posted = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: request }),
    201,
  );
  const digest = posted.body["apr_digest"] as unknown as string;
  t.match(posted.body, { risk: "sovereign", quorum: { required: 3, council_required: 1 } });
  const vote = (as: "approver_1" | "approver_2" | "council_1") => {
    const body = { decision: "approve", apr_digest: digest, reason: "yes" };
    return expectStatus(service.call("POST", `/v1/approval-requests/${request.apr_code}/votes`, { as, body }), 201);
  };
  const run = () => execute(service, { aprCode: request.apr_code, digest });
  await vote("approver_1");
  await vote("approver_2");
  t.match(await run(), { status: 422, body: { result: "FAIL:reject_quorum_not_passed" } });
  t.match((await vote("council_1")).body, { status: "approved" });
  const minted = await expectStatus(run(), 201);
  t.match(minted.body, { result: "OK", grant: { status: "draft", mode: "commit" } });
  t.match(await expectStatus(run(), 200), { body: { replayed: true } }, "its own draft is answered again");

  const weak = sovereignRequest({ risk: "low" });
  const raised = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: weak }),
    201,
  );
  t.match(raised.body, { risk: "sovereign" }, "no request lowers its risk");
});

t.test("OPEN-1 a production request names its rehearsal, and one that is not on record is refused", async (t) => {
  const service = await startService(t);
  const run = async (action: Record<string, unknown>) =>
    execute(service, await approveSovereign(service, sovereignRequest({}, { environment: "production", ...action })));
  t.match(await run({}), { status: 422, body: { result: "FAIL:reject_payload_rehearsal_ref" } });
  const unknown = { rehearsal_ref: `sha256:${"5".repeat(64)}` };
  t.match(await run(unknown), { status: 422, body: { result: "FAIL:reject_rehearsal_not_on_record" } });
  t.same((await service.call("GET", "/v1/grants", { as: "auditor" })).body["items"], []);
});

t.test("MINT-6 a draft that nobody signed in time makes room for the next", async (t) => {
  const service = await startService(t);
  const first = await mintDraft(service);
  const second = await approveSovereign(service);
  t.match((await execute(service, second)).body, { result: "SKIP:active_grant_exists" });
  await letTimePass(service.stage, "governance_build_authorization", first);
  await expectStatus(execute(service, second), 201);
  t.match((await service.call("GET", `/v1/grants/${first}`, { as: "auditor" })).body, { status: "expired" });
  const events = await service.call("GET", `/v1/audit/events?resource_id=${first}`, { as: "auditor" });
  t.equal((events.body["items"] as unknown as { action: string }[])[0]?.action, "grant.expired");
});

t.test("MINT-6 of requests for one place that are executed at once, one gets the draft", async (t) => {
  const service = await startService(t);
  const requests = await Promise.all(Array.from({ length: 8 }, () => approveSovereign(service)));
  const answers = await Promise.all(requests.map((request) => execute(service, request)));
  t.equal(answers.filter((one) => one.status === 201).length, 1);
  t.equal(answers.filter((one) => String(one.body["result"]) === "SKIP:active_grant_exists").length, 7);
});
