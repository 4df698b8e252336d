import t from "tap";
import { eventually } from "../support/data-directory.ts";
import { approvalRequest, approve, bindings, consume, execute, expectStatus, mintGrant } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { type Answer, type InProcess, startService } from "../support/service.ts";

/** Posts a request without any vote, to be executed as it is. */
async function post(service: InProcess, request: ReturnType<typeof approvalRequest>) {
  const posted = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: request }),
    201,
  );
  return { aprCode: request.apr_code, digest: posted.body["apr_digest"] as unknown as string };
}

async function vote(service: InProcess, request: { aprCode: string; digest: string }, decision: string) {
  const body = { decision, apr_digest: request.digest, reason: "as discussed" };
  const path = `/v1/approval-requests/${request.aprCode}/votes`;
  return expectStatus(service.call("POST", path, { as: "approver_1", body }), 201);
}

async function read(service: InProcess, aprCode: string): Promise<Answer> {
  return expectStatus(service.call("GET", `/v1/approval-requests/${aprCode}`, { as: "auditor" }), 200);
}

/** The handler's line, with the status that stands for it, and the same line on record (APR-6, APR-9). */
async function refused(t: Tap, service: InProcess, request: { aprCode: string; digest: string }, line: string) {
  const answer = await execute(service, request);
  t.equal(answer.status, line.startsWith("SKIP:") ? 409 : 422, answer.text);
  t.equal(answer.body["result"], line);
  t.match(answer.headers.get("content-type"), "application/problem+json");
  const stored = await read(service, request.aprCode);
  t.match(stored.body, { result: line, auth_code: null });
}
type Tap = Pick<typeof t, "equal" | "match">;

t.test("MINT-1 each gate answers its protocol line through a real request, and it is on record", async (t) => {
  const service = await startService(t);
  const type = { handler_ref: "dot-apr-execute:authorize_build_step", risk_level: "high", quorum: 2 };
  await expectStatus(service.call("PUT", "/v1/action-types/other_action", { as: "admin", body: type }), 201);
  const other = await post(service, approvalRequest({ proposed_action_code: "other_action" }));
  await refused(t, service, other, "SKIP:reject_action_superset");
  await refused(
    t,
    service,
    await post(service, approvalRequest({ commit: true })),
    "FAIL:reject_real_run_commit_not_allowed",
  );
  await refused(t, service, await post(service, approvalRequest({ risk: "sovereign" })), "FAIL:reject_sovereign_risk");
  const wrong = { carrier: "C2", namespace: "PROD-NS", axis: "dot:c2", target: "OTHER", environment: "production" };
  for (const [field, value] of Object.entries(wrong)) {
    const request = await post(service, approvalRequest({}, { [field]: value }));
    await refused(t, service, request, "FAIL:reject_scope_not_c1_dryrun");
  }
  const fields = ["rollback_plan_ref", "manifest_digest", "schema_digest", "plan_id", "plan_revision"];
  for (const field of [...fields, "plan_ref", "step_name", "executor", "action_set"]) {
    const request = await approve(service, approvalRequest({}, { [field]: undefined }));
    await refused(t, service, request, `FAIL:reject_payload_${field}`);
  }
  const grants = await expectStatus(service.call("GET", "/v1/grants", { as: "auditor" }), 200);
  t.same(grants.body["items"], [], "nothing was minted");
});

t.test("MINT-1 a request that is undecided, rejected, withdrawn or past its decide-by has no quorum", async (t) => {
  const service = await startService(t);
  const line = "FAIL:reject_quorum_not_passed";
  const undecided = await post(service, approvalRequest());
  await vote(service, undecided, "approve");
  await refused(t, service, undecided, line);

  const rejected = await post(service, approvalRequest());
  await vote(service, rejected, "reject");
  await refused(t, service, rejected, line);

  const withdrawn = await approve(service);
  const path = `/v1/approval-requests/${withdrawn.aprCode}/withdraw`;
  await expectStatus(service.call("POST", path, { as: "requester" }), 200);
  await refused(t, service, withdrawn, line);

  const late = await approve(service, approvalRequest({ decide_within_seconds: 1 }));
  await eventually(async () => (await read(service, late.aprCode)).body["status"] === ("expired" as unknown));
  await refused(t, service, late, line);
});

t.test("MINT-1 another live grant for the target is Gate E's answer, and the own grant answers OK again", async (t) => {
  const service = await startService(t);
  const first = await approve(service);
  const minted = await expectStatus(execute(service, first), 201);
  t.match(minted.body, { result: "OK", replayed: false });
  const again = await expectStatus(execute(service, first), 200);
  t.match(again.body, { result: "OK", replayed: true, auth_code: minted.body["auth_code"] });
  t.same(again.body["grant"], minted.body["grant"]);

  const second = await approve(service);
  await refused(t, service, second, "SKIP:active_grant_exists");
  const elsewhere = await approve(service, approvalRequest({}, { environment: "rehearsal-2" }));
  await refused(t, service, elsewhere, "SKIP:active_grant_exists");
});

t.test("MINT-1 a request whose own grant was consumed, revoked or has expired is skipped as such", async (t) => {
  const service = await startService(t);
  const used = await approve(service);
  const minted = await expectStatus(execute(service, used), 201);
  await expectStatus(consume(service, minted.body["auth_code"] as unknown as string, "root-1"), 200);
  await skipped(service, used, "consumed");

  const revoked = await approve(service);
  const { body } = await expectStatus(execute(service, revoked), 201);
  const path = `/v1/grants/${body["auth_code"] as unknown as string}/revoke`;
  await expectStatus(service.call("POST", path, { as: "operator", body: { reason: "not wanted" } }), 200);
  await skipped(service, revoked, "revoked");

  const late = await approve(service);
  await expectStatus(execute(service, late), 201);
  await letTimePass(service.stage, "governance_build_authorization", `GBA-C1-${late.aprCode}`);
  await skipped(service, late, "expired");

  async function skipped(on: InProcess, request: { aprCode: string; digest: string }, status: string) {
    const answer = await execute(on, request);
    t.equal(answer.status, 409);
    t.equal(answer.body["result"], `SKIP:grant_already_${status}`);
  }
});

t.test("MINT-1 a grant that expired and was not swept blocks nobody, and is marked with its event", async (t) => {
  const service = await startService(t);
  const late = await mintGrant(service);
  await letTimePass(service.stage, "governance_build_authorization", late);
  const next = await mintGrant(service);
  t.not(next, late);
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT status FROM governance_build_authorization WHERE auth_code = $1", [late]),
  );
  t.same(rows, [{ status: "expired" }]);
  const query = `action=grant.expired&resource_id=${late}`;
  const events = await expectStatus(service.call("GET", `/v1/audit/events?${query}`, { as: "auditor" }), 200);
  t.match(events.body["items"], [{ before: { status: "active" }, after: { status: "expired" } }]);
  t.equal((events.body["items"] as unknown as unknown[]).length, 1);
});

t.test(
  "MINT-3 MINT-5 a grant carries the constants, the references and the evidence as they are written",
  async (t) => {
    const service = await startService(t);
    const request = approvalRequest();
    const authCode = await mintGrant(service, request);
    t.equal(authCode, `GBA-C1-${request.apr_code}`);
    const { body } = await expectStatus(service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" }), 200);
    const manifest = bindings().manifest_digest;
    t.match(body, { mode: "dry-run", status: "active", commit_allowed: false, requires_sovereign_esign: false });
    t.match(body, { request_ref: request.apr_code, granted_by: "dot-apr-execute:authorize_build_step" });
    t.same(body["approval_ref"], { apr_code: request.apr_code, quorum: "passed", manifest_hash: manifest });
    t.same(body["evidence"], {
      plan_ref: "plans/c1-vocabulary.yaml",
      manifest_hash: manifest,
      step_name: "C1_VOCAB_BUILD",
      mode: "dry-run",
      owner_principal: "vocabulary-owners",
    });
    t.equal((body["bindings"] as unknown as Record<string, unknown>)["rollback_plan_ref"], "DOT_C1_ROLLBACK_CHECK");
  },
);

t.test("MINT-3 a payload that names the constants is refused when it is posted", async (t) => {
  const service = await startService(t);
  for (const field of ["commit_allowed", "requires_sovereign_esign", "mode", "granted_by"]) {
    const body = approvalRequest({}, { [field]: true });
    const answer = await service.call("POST", "/v1/approval-requests", { as: "requester", body });
    t.equal(answer.status, 400, field);
    t.match(answer.body, { code: "INVALID_REQUEST" });
  }
});

t.test("MINT-4 a grant lives as long as asked, within 60 to 86400 seconds", async (t) => {
  const service = await startService(t);
  const cases = [
    [undefined, 7_200],
    [0, 60],
    [600, 600],
    [1_000_000, 86_400],
  ] as const;
  for (const [asked, lives] of cases) {
    const authCode = await mintGrant(service, approvalRequest({}, { ttl_seconds: asked }));
    const { body } = await expectStatus(service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" }), 200);
    const { granted_at, expires_at } = body as unknown as { granted_at: string; expires_at: string };
    t.equal((Date.parse(expires_at) - Date.parse(granted_at)) / 1_000, lives);
    const path = `/v1/grants/${authCode}/revoke`;
    await expectStatus(service.call("POST", path, { as: "operator", body: { reason: "next case" } }), 200);
  }
});

t.test("APR-4 an action type without a handler, or retired since, fails closed", async (t) => {
  const service = await startService(t);
  const types = ["assign_governance_owner", "grant_governance_exception", "delegate_authority", "assign_axis_owner"];
  for (const code of types) {
    await refused(
      t,
      service,
      await approve(service, approvalRequest({ proposed_action_code: code })),
      "FAIL:unimplemented",
    );
  }
  const request = await approve(service);
  const body = { handler_ref: "unimplemented", risk_level: "high", quorum: 2, status: "retired" };
  await expectStatus(service.call("PUT", "/v1/action-types/authorize_build_step", { as: "admin", body }), 200);
  await refused(t, service, request, "FAIL:action_type_retired");
  const reborn = await service.call("PUT", "/v1/action-types/authorize_build_step", { as: "admin", body });
  t.match(reborn.body, { code: "ACTION_TYPE_RETIRED" });
  const late = await service.call("POST", "/v1/approval-requests", { as: "requester", body: approvalRequest() });
  t.equal(late.status, 400);
});

t.test("APR-6 Accept: text/plain answers the bare protocol line with the same status", async (t) => {
  const service = await startService(t);
  const request = await approve(service);
  const headers = { accept: "text/plain" };
  const answers = [await execute(service, request, { headers }), await execute(service, request, { headers })];
  const skipped = await execute(service, await approve(service), { headers });
  t.same(
    [...answers, skipped].map((answer) => [answer.status, answer.text.trimEnd()]),
    [
      [201, "OK"],
      [200, "OK"],
      [409, "SKIP:active_grant_exists"],
    ],
  );
});
