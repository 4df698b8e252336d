import t from "tap";
import { approvalStatuses, approvalTransitions, type ApprovalStatus } from "../../src/plans/states.ts";
import { detachedJws, makeKey, usableKey } from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { consumeSql, type GuardedPlace, guardedPlace, insertSql, refusedBy } from "../support/guarded-plan.ts";
import { approve, recordCouncil } from "../support/plans.ts";

t.setTimeout(240_000);

const approvals = "os_proposal_approvals";
const now = "clock_timestamp()";

function approvalRow({ plan, rehearsal }: GuardedPlace, changes: Record<string, string> = {}): Record<string, string> {
  return {
    approval_code: "'M1-forged'",
    plan_id: `'${plan.plan_id}'`,
    revision: "'1'",
    plan_digest: `'${plan.plan_digest}'`,
    step: "1",
    act: "'commit'",
    rehearsal_ref: `'${rehearsal}'`,
    signed: "false",
    status: "'active'",
    reason: "'seen'",
    granted_by: "'sovereign'",
    expires_at: `${now} + interval '1 hour'`,
    ...changes,
  };
}

t.test("PLAN-9 an M-1 is of a step, stands on a rehearsal, and is a sovereign's who is no party", async (t) => {
  const at = await guardedPlace(t);
  const consumed = { status: "'consumed'", consumed_at: now, consumed_by: "'x'", idempotency_root: "'x'" };
  const forged: [Record<string, string>, string | undefined][] = [
    [{}, undefined],
    [{ plan_digest: `'sha256:${"0".repeat(64)}'` }, "approval_of_step"],
    [{ revision: "'2'" }, "approval_of_step"],
    [{ plan_id: "'other'" }, "approval_of_step"],
    [{ step: "99" }, "approval_of_step"],
    [{ step: "4", rehearsal_ref: "NULL" }, "approval_of_step"],
    [{ signed: "true", status: "'draft'" }, "approval_of_step"],
    [{ step: "3", rehearsal_ref: "NULL" }, "approval_of_step"],
    [{ step: "3", rehearsal_ref: "NULL", signed: "true" }, "approval_transition"],
    [{ granted_by: "'requester'" }, "approval_separation"],
    [{ granted_by: "'council_1'" }, "approval_separation"],
    [{ granted_by: "'c1-builder'" }, "approval_separation"],
    [{ granted_by: "'nobody'" }, "approval_separation"],
    [{ executor: "'sovereign'" }, "approval_separation"],
    [{ status: "'draft'" }, "approval_transition"],
    [consumed, "approval_transition"],
    [{ rehearsal_ref: "NULL" }, "approval_needs_rehearsal"],
    [{ rehearsal_ref: "'sha256:00'" }, "approval_needs_rehearsal"],
    [{ act: "'rollback'" }, "approval_needs_rehearsal"],
    [{ act: "'anything'", step: "2", rehearsal_ref: "NULL" }, "act_known"],
    [{ expires_at: `${now} - interval '1 hour'` }, "approval_expiry"],
    [{ reason: "' '" }, "reason_given"],
    [{ approval_code: "'GBA-1'" }, "approval_code_form"],
    [{ idempotency_root: "'x'" }, "consumed_whole"],
    [{ revoked_at: now, revoked_by: "'x'", revoked_reason: "'x'" }, "revoked_whole"],
  ];
  for (const [changes, constraint] of forged) {
    const sql = insertSql(approvals, approvalRow(at, changes));
    t.equal(await refusedBy(at.app, sql), constraint, JSON.stringify(changes));
  }
  const author = "UPDATE principals SET roles = roles || '{sovereign}' WHERE principal = 'requester'";
  const own = insertSql(approvals, approvalRow(at, { granted_by: "'requester'" }));
  t.equal(await refusedBy(at.root, author, own), "approval_separation", "a sovereign of the own plan");
});

t.test("PLAN-2 the database knows the same transitions of an M-1 as the table of the code", async (t) => {
  const at = await guardedPlace(t);
  const code = await approve(at.service, at.plan, 1, at.rehearsal);
  const fill = (status: ApprovalStatus): string => {
    const when = (one: ApprovalStatus, value: string): string => (status === one ? value : "NULL");
    return `UPDATE ${approvals} SET status = '${status}', consumed_at = ${when("consumed", now)}, consumed_by = ${when("consumed", "'c1-builder'")},
      idempotency_root = ${when("consumed", "'x'")}, revoked_at = ${when("revoked", now)}, revoked_by = ${when("revoked", "'sovereign'")},
      revoked_reason = ${when("revoked", "'x'")}, expired_at = ${when("expired", now)} WHERE approval_code = '${code}'`;
  };
  for (const from of approvalStatuses) {
    for (const to of approvalStatuses) {
      const before = [
        `ALTER TABLE ${approvals} DISABLE TRIGGER guard_plan_approval`,
        fill(from),
        `ALTER TABLE ${approvals} ENABLE ALWAYS TRIGGER guard_plan_approval`,
      ];
      const unsigned = from === "draft" && to === "active" ? "approval_needs_signature" : undefined;
      const expected = approvalTransitions[from].some((one) => one.to === to) ? unsigned : "approval_transition";
      t.equal(await refusedBy(at.root, ...before, fill(to)), expected, `${from} to ${to}`);
    }
  }
});

t.test("PLAN-2 an M-1 is consumed in time, by whom it is for, beside the council, and under no hold", async (t) => {
  const at = await guardedPlace(t);
  const { service, plan, app, root } = at;
  const code = await approve(service, plan, 1, at.rehearsal);
  t.equal(await refusedBy(app, consumeSql(code)), undefined);
  t.equal(await refusedBy(app, consumeSql(code, { consumed_by: "'sovereign'" })), "approval_separation", "the granter");
  t.equal(await refusedBy(app, consumeSql(code, { consumed_by: "NULL" })), "consumed_whole");
  t.equal(await refusedBy(app, consumeSql(code, { idempotency_root: "NULL" })), "consumed_whole");
  t.equal(await refusedBy(app, consumeSql(code, { consumed_at: "NULL" })), "consumed_whole");
  t.equal(await refusedBy(app, consumeSql(code), consumeSql(code, { idempotency_root: "'b'" })), "approval_transition");
  const late = [
    `ALTER TABLE ${approvals} DISABLE TRIGGER guard_plan_approval`,
    `UPDATE ${approvals} SET granted_at = granted_at - interval '1 day', expires_at = expires_at - interval '1 day'`,
    `ALTER TABLE ${approvals} ENABLE ALWAYS TRIGGER guard_plan_approval`,
  ];
  t.equal(await refusedBy(root, ...late, consumeSql(code)), "approval_in_time");
  const named = insertSql(approvals, approvalRow(at, { executor: "'c1-builder'" }));
  t.equal(await refusedBy(app, named, consumeSql("M1-forged")), undefined);
  const byOther = consumeSql("M1-forged", { consumed_by: "'other-builder'" });
  t.equal(await refusedBy(app, named, byOther), "approval_separation");
  const twin = insertSql(approvals, approvalRow(at));
  t.equal(await refusedBy(app, twin, consumeSql(code), consumeSql("M1-forged")), "one_approval_per_root");

  const counselled = await approve(service, plan, 2);
  t.equal(await refusedBy(app, consumeSql(counselled)), "approval_needs_council", "none stands");
  await recordCouncil(service, plan, 2, "C-1");
  t.equal(await refusedBy(app, consumeSql(counselled)), undefined);
  const both = `UPDATE principals SET roles = roles || '{executor}' WHERE principal = 'council_1'`;
  const byCouncil = consumeSql(counselled, { consumed_by: "'council_1'" });
  t.equal(await refusedBy(root, both, byCouncil), "approval_needs_council", "the own decision does not count");
  const withdrawn = `UPDATE council_records SET revoked_at = ${now}, revoked_by = 'council_1', revoked_reason = 'x'`;
  t.equal(await refusedBy(app, withdrawn, consumeSql(counselled)), "approval_needs_council", "a revoked one");

  for (const environment of [undefined, "default", "staging"]) {
    const body = { reason: "stop", ...(environment && { environment }) };
    const hold = await expectStatus(service.call("POST", "/v1/holds", { as: "operator", body }), 201);
    t.equal(await refusedBy(app, consumeSql(code)), "registration_hold", environment ?? "everywhere");
    const lift = `/v1/holds/${String(hold.body["id"])}/lift`;
    await expectStatus(service.call("POST", lift, { as: "sovereign", body: { reason: "over" } }), 200);
  }
  t.equal(await refusedBy(app, consumeSql(code)), undefined, "once the holds are lifted");
});

t.test("PLAN-9 a signed step's M-1 becomes active by a sovereign's real signature alone", async (t) => {
  const { service, plan, app, root } = await guardedPlace(t);
  const key = await usableKey(service);
  const code = await approve(service, plan, 3);
  const { rows } = await app.query<{ payload: string }>(
    `SELECT proposal_signing_payload(a) AS payload FROM ${approvals} a WHERE approval_code = $1`,
    [code],
  );
  const payload = rows[0]?.payload ?? "";
  const real = detachedJws(key, payload);
  const sign = (changes: Record<string, string> = {}): string => {
    const said = { signer: "principal", kid: "kid", jwk: "jwk", jws: real, payload, code, ...changes };
    return `INSERT INTO proposal_signatures (approval_code, signer, kid, alg, jwk, payload, jws)
            SELECT '${said.code}', ${said.signer}, ${said.kid}, alg, ${said.jwk}, '${said.payload}', '${said.jws}' FROM signing_keys WHERE kid = '${key.kid}'`;
  };
  const activate = `UPDATE ${approvals} SET status = 'active' WHERE approval_code = '${code}'`;
  const consume = consumeSql(code);
  t.equal(await refusedBy(app, activate), "approval_needs_signature");
  t.equal(await refusedBy(app, consume), "approval_transition", "a draft is not consumed");
  t.equal(await refusedBy(app, sign(), activate, consume), undefined, "the real one");
  const stranger = makeKey();
  const forged: [Record<string, string>, string][] = [
    [{ jws: detachedJws(stranger, payload) }, "signature_valid"],
    [{ jws: detachedJws(key, `${payload} `) }, "signature_valid"],
    [{ jws: real.replace("..", `.${Buffer.from(payload).toString("base64url")}.`) }, "signature_valid"],
    [{ jws: detachedJws(key, payload, { alg: key.alg, kid: key.kid, b64: false }) }, "signature_valid"],
    [{ jws: "" }, "signature_valid"],
    [{ payload: payload.replace('"commit"', '"rollback"') }, "signature_valid"],
    [{ jwk: `'${JSON.stringify(stranger.jwk)}'` }, "signature_key_in_force"],
    [{ signer: "'council_1'" }, "signature_key_in_force"],
    [{ kid: "'unknown'" }, "signature_key_in_force"],
    [{ code: "M1-unknown" }, "signature_of_draft"],
  ];
  for (const [changes, constraint] of forged)
    t.equal(await refusedBy(app, sign(changes)), constraint, JSON.stringify(changes));
  t.equal(await refusedBy(app, sign(), sign()), "proposal_signatures_pkey");
  t.equal(await refusedBy(app, sign(), activate, sign()), "signature_of_draft");
  const noMore = "UPDATE principals SET roles = '{operator}' WHERE principal = 'sovereign'";
  t.equal(await refusedBy(root, noMore, sign()), "signature_separation", "a sovereign no more");
  t.equal(await refusedBy(app, sign(), "UPDATE proposal_signatures SET jws = 'x'"), "42501");
});

t.test("PLAN-9 council records are of the council, of a step that needs them, and one at a time", async (t) => {
  const { service, plan, app, owner, root } = await guardedPlace(t);
  const record = (changes: Record<string, string> = {}): string =>
    insertSql("council_records", {
      record_code: "'C1-forged'",
      kind: "'C-1'",
      plan_id: `'${plan.plan_id}'`,
      revision: "'1'",
      plan_digest: `'${plan.plan_digest}'`,
      step: "2",
      decision: "'to be built'",
      recorded_by: "'council_1'",
      ...changes,
    });
  const forged: [Record<string, string>, string | undefined][] = [
    [{}, undefined],
    [{ recorded_by: "'c1-builder'" }, "record_separation"],
    [{ recorded_by: "'sovereign'" }, "record_separation"],
    [{ recorded_by: "'nobody'" }, "record_separation"],
    [{ revoked_at: now, revoked_by: "'x'", revoked_reason: "'x'" }, "record_separation"],
    [{ plan_digest: "'sha256:00'" }, "record_of_step"],
    [{ step: "1" }, "record_of_step"],
    [{ step: "99" }, "record_of_step"],
    [{ revision: "'2'" }, "record_of_step"],
    [{ kind: "'C-2'", record_code: "'C2-forged'" }, "record_of_step"],
    [{ kind: "'M-1'" }, "kind_known"],
    [{ decision: "' '" }, "decision_given"],
    [{ record_code: "'M1-forged'" }, "record_code_form"],
  ];
  for (const [changes, constraint] of forged) {
    if (changes["kind"] === "'M-1'") changes["step"] = "2";
    t.equal(await refusedBy(app, record(changes)), constraint, JSON.stringify(changes));
  }
  const author = "UPDATE principals SET roles = roles || '{council}' WHERE principal = 'requester'";
  t.equal(await refusedBy(root, author, record({ recorded_by: "'requester'" })), "record_separation");
  await recordCouncil(service, plan, 2, "C-1");
  t.equal(await refusedBy(app, record()), "one_live_record");
  const revoke = `UPDATE council_records SET revoked_at = ${now}, revoked_by = 'council_1', revoked_reason = 'x'`;
  const restore = "UPDATE council_records SET revoked_at = NULL, revoked_by = NULL, revoked_reason = NULL";
  t.equal(await refusedBy(app, revoke, record()), undefined);
  t.equal(await refusedBy(app, revoke, restore), "record_immutable");
  t.equal(await refusedBy(app, revoke, revoke), "record_immutable");
  t.equal(await refusedBy(app, "UPDATE council_records SET decision = 'no'"), "42501");
  t.equal(await refusedBy(owner, `${revoke}, decision = 'no'`), "record_immutable");
});
