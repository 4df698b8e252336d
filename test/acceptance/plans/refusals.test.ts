import t from "tap";
import { detachedJws, enlist, makeKey, registration, usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { act, approve, readPlan, recordCouncil, register, rehearse, setPlace, wholeAct } from "../../support/plans.ts";
import {
  attempt,
  checkStep,
  letRecordExpire,
  readRecord,
  recordBody,
  recordFor,
  refusalsFixture,
  retiringStep,
  rowStep,
} from "./refusals-scene.ts";
import { planText } from "./small-plan.ts";

t.setTimeout(240_000);

// One service for all: each test has a plan of its own, with steps whose rows no other one makes.
const { service, target } = await setPlace(t, { fixture: refusalsFixture });
const { stage } = service;

const idsOf = async () =>
  (await target.query<{ id: number }>("SELECT id FROM app.goods ORDER BY id")).map(({ id }) => id);

t.test("PLAN-2 without its record a step is rehearsed and never committed", async (t) => {
  const plan = await register(service, planText([rowStep(1), checkStep(2)]));
  t.match((await rehearse(service, plan, 1)).run, { status: "succeeded" });
  t.match(await attempt(service, plan, 1), {
    status: 409,
    body: { code: "STEP_NEEDS_RECORD", missing: ["M-1"], errors: [{ pointer: "/approval_code" }] },
  });
  t.match(await attempt(service, plan, 1, { approval_code: "M1-nobody" }), {
    status: 404,
    body: { code: "NOT_FOUND" },
  });
  t.match(await attempt(service, plan, 1, { approval_code: "C1-nobody" }), { status: 400 });
  t.match(await attempt(service, plan, 2, { approval_code: "M1-nobody" }), {
    status: 409,
    body: { code: "RECORD_MISMATCH" },
  });
  t.same(await idsOf(), [1]);
  t.match((await readPlan(service, plan)).ledger, [{ outcome: "rehearsed" }]);
});

t.test("PLAN-2 a record is for one act on one step of one revision, by whom it names", async (t) => {
  const head = { plan: "bound", revision: "1" };
  const plan = await register(service, planText([rowStep(10), rowStep(11)], head));
  const next = await register(service, planText([rowStep(10), rowStep(11)], { ...head, revision: "2" }));
  const first = await rehearse(service, plan, 10);
  const ref = first.run.rehearsal?.rehearsal_ref;
  const code = await approve(service, plan, 10, ref);
  const spare = await approve(service, plan, 10, ref);
  const mismatch = (...mismatched: string[]) => ({ status: 409, body: { code: "RECORD_MISMATCH", mismatched } });
  t.match(await attempt(service, plan, 11, { approval_code: code }), mismatch("step"));
  t.match(await attempt(service, next, 10, { approval_code: code }), mismatch("revision", "plan_digest"));
  const named = recordBody(plan, 10, { rehearsal_ref: ref, executor: "other-builder" });
  const foreign = await expectStatus(
    service.call("POST", "/v1/proposal-approvals", { as: "sovereign", body: named }),
    201,
  );
  const { approval_code } = foreign.body;
  t.match(await attempt(service, plan, 10, { approval_code }), mismatch("executor"));
  t.match((await act(service, plan, 10, "commit", code)).run, { status: "succeeded" });
  t.match(await attempt(service, plan, 10, { approval_code: spare }, { act: "rollback" }), mismatch("act"));
  for (const unused of [spare, String(approval_code)]) t.match(await readRecord(service, unused), { status: "active" });
  t.same(await idsOf(), [1, 100]);
});

t.test("PLAN-2 a record names the digest that stands and a passed rehearsal of the very act", async (t) => {
  const plan = await register(service, planText([rowStep(15), rowStep(16), rowStep(17, { sql: "SELECT 1" })]));
  const ref = (await rehearse(service, plan, 15)).run.rehearsal?.rehearsal_ref;
  const failed = (await rehearse(service, plan, 17)).run;
  t.match(failed, { status: "stopped", rehearsal: { passed: false } });
  const record = (step: number, changes: object) =>
    service.call("POST", "/v1/proposal-approvals", { as: "sovereign", body: recordBody(plan, step, changes) });
  const other = `sha256:${"0".repeat(64)}`;
  t.match(await record(15, { rehearsal_ref: ref, plan_digest: other }), {
    status: 409,
    body: { code: "RECORD_MISMATCH", errors: [{ pointer: "/plan_digest" }] },
  });
  const needed = { status: 409, body: { code: "REHEARSAL_NEEDED", errors: [{ pointer: "/rehearsal_ref" }] } };
  t.match(await record(15, {}), needed, "none");
  t.match(await record(15, { rehearsal_ref: other }), needed, "one that nobody knows");
  t.match(await record(16, { rehearsal_ref: ref }), needed, "another step's");
  t.match(await record(15, { rehearsal_ref: ref, act: "rollback" }), needed, "of the commit, for the rollback");
  t.match(await record(17, { rehearsal_ref: failed.rehearsal?.rehearsal_ref }), needed, "one that failed");
  t.match(await record(15, { rehearsal_ref: ref, ttl_seconds: 1 }), { status: 400 });
  t.match(await record(99, { rehearsal_ref: ref }), { status: 404 });
});

t.test("PLAN-2 a record is used once, and not after its time or its revocation", async (t) => {
  const plan = await register(service, planText([rowStep(20)]));
  const refused = async (code: string, as: string) => {
    t.match(await attempt(service, plan, 20, { approval_code: code }), { status: 409, body: { code: as } });
  };
  const used = await recordFor(service, plan, 20);
  t.match((await act(service, plan, 20, "commit", used)).run, { status: "succeeded" });
  t.match((await wholeAct(service, plan, 20, "rollback")).run, { status: "succeeded" });
  await refused(used, "RECORD_USED");

  const old = await recordFor(service, plan, 20);
  await letRecordExpire(stage, old);
  await refused(old, "RECORD_EXPIRED");
  t.match(await readRecord(service, old), { status: "expired" });

  const taken = await recordFor(service, plan, 20);
  const revoke = (code: string) =>
    service.call("POST", `/v1/proposal-approvals/${code}/revoke`, { as: "operator", body: { reason: "seen again" } });
  const first = await expectStatus(revoke(taken), 200);
  await refused(taken, "RECORD_REVOKED");
  t.same((await expectStatus(revoke(taken), 200)).body, first.body, "revoking again is the first revocation");
  t.match(await revoke(used), { status: 409, body: { code: "RECORD_USED" } });
  t.match(await revoke(old), { status: 409, body: { code: "RECORD_EXPIRED" } });
  t.same(await idsOf(), [1, 100]);
});

t.test("PLAN-9 where a step demands it, the record waits for a sovereign's signature by a key in force", async (t) => {
  const plan = await register(service, planText([rowStep(25, { signed: true })]));
  const payloadOf = async (code: string) =>
    (
      await expectStatus(
        service.call("GET", `/v1/proposal-approvals/${code}/signing-payload`, { as: "sovereign" }),
        200,
      )
    ).text;
  const sign = (code: string, jws: string) =>
    service.call("POST", `/v1/proposal-approvals/${code}/esign`, { as: "sovereign", body: { jws } });
  const unsigned = { status: 409, body: { code: "RECORD_UNSIGNED" } };
  const [lost, code] = [await recordFor(service, plan, 25), await recordFor(service, plan, 25)];
  t.match(await readRecord(service, code), { status: "draft" });
  t.match(await attempt(service, plan, 25, { approval_code: code }), unsigned);

  const stranger = makeKey();
  const body = registration(stranger, "sovereign");
  await expectStatus(service.call("POST", "/v1/signing-keys", { as: "sovereign", body }), 201);
  const invalid = { body: { code: "ESIGN_INVALID" } };
  t.match(await sign(code, detachedJws(stranger, await payloadOf(code))), invalid, "a key that nobody has confirmed");
  const key = await usableKey(service);
  t.match(await sign(code, detachedJws(key, await payloadOf(lost))), invalid, "another record's payload");
  t.match(await attempt(service, plan, 25, { approval_code: code }), unsigned);

  await expectStatus(sign(lost, detachedJws(key, await payloadOf(lost))), 200);
  const revocation = { as: "sovereign", body: { reason: "lost" } } as const;
  await expectStatus(service.call("POST", `/v1/signing-keys/${key.kid}/revoke`, revocation), 200);
  t.match(await attempt(service, plan, 25, { approval_code: lost }), { status: 409, body: { code: "RECORD_REVOKED" } });
  const good = await usableKey(service);
  await expectStatus(sign(code, detachedJws(good, await payloadOf(code))), 200);
  t.match((await act(service, plan, 25, "commit", code)).run, { status: "succeeded" });
});

t.test("PLAN-9 the council's records are needed beside it, and none by who executes", async (t) => {
  const plan = await register(service, planText([rowStep(30, { records: ["M-1", "C-1", "C-2"] })]));
  const approval_code = await recordFor(service, plan, 30);
  const missing = async (...kinds: string[]) => {
    t.match(await attempt(service, plan, 30, { approval_code }), {
      status: 409,
      body: { code: "STEP_NEEDS_RECORD", missing: kinds },
    });
  };
  await missing("C-1", "C-2");
  await recordCouncil(service, plan, 30, "C-2");
  await missing("C-1");
  const both = await enlist(stage, "both-hands", ["council", "executor"]);
  const { plan_id, revision, plan_digest } = plan;
  const body = { kind: "C-1", plan_id, revision, plan_digest, step: 30, decision: "To be built." };
  const own = await expectStatus(service.call("POST", "/v1/council-records", { token: both, body }), 201);
  t.match(await attempt(service, plan, 30, { approval_code }, { as: undefined, token: both }), {
    status: 409,
    body: { code: "STEP_NEEDS_RECORD", missing: ["C-1"] },
  });
  t.match(
    await service.call("POST", "/v1/council-records", { as: "council_1", body }),
    { status: 409 },
    "one of a kind",
  );
  const path = `/v1/council-records/${String(own.body["record_code"])}/revoke`;
  await expectStatus(service.call("POST", path, { as: "council_2", body: { reason: "not by them" } }), 200);
  await missing("C-1");
  await recordCouncil(service, plan, 30, "C-1");
  t.match(await readRecord(service, approval_code), { status: "active" }, "no refusal has burned it");
  t.match((await act(service, plan, 30, "commit", approval_code)).run, { status: "succeeded" });
});

t.test("PLAN-9 author, approver and executor are different people, and each has the role", async (t) => {
  const roles = ["requester", "sovereign", "council", "executor"] as const;
  const token = await enlist(stage, "everybody", roles);
  const source = planText([rowStep(35, { records: ["M-1", "C-1"] })]);
  const own = (await expectStatus(service.call("POST", "/v1/plans", { token, body: { source } }), 201)).body;
  const plan = own as unknown as Awaited<ReturnType<typeof register>>;
  const rehearsal_ref = (await rehearse(service, plan, 35)).run.rehearsal?.rehearsal_ref;
  const { plan_id, revision, plan_digest } = plan;
  const council = { kind: "C-1", plan_id, revision, plan_digest, step: 35, decision: "To be built." };
  const asked = recordBody(plan, 35, { rehearsal_ref });
  const forbidden = { status: 403, body: { code: "FORBIDDEN" } };
  t.match(await service.call("POST", "/v1/proposal-approvals", { token, body: asked }), forbidden, "the author");
  t.match(await service.call("POST", "/v1/council-records", { token, body: council }), forbidden, "the author");
  const second = await enlist(stage, "approver-and-executor", ["sovereign", "executor"]);
  const theirs = { ...asked, executor: "approver-and-executor" };
  t.match(
    await service.call("POST", "/v1/proposal-approvals", { token: second, body: theirs }),
    forbidden,
    "the executor",
  );
  const made = await expectStatus(service.call("POST", "/v1/proposal-approvals", { token: second, body: asked }), 201);
  await recordCouncil(service, plan, 35, "C-1");
  const { approval_code } = made.body;
  t.match(await attempt(service, plan, 35, { approval_code }, { as: undefined, token: second }), {
    status: 409,
    body: { code: "RECORD_MISMATCH", mismatched: ["granted_by"] },
  });
  for (const as of ["requester", "approver_1", "council_1", "c1-builder", "operator", "auditor", "admin"] as const) {
    t.match(await service.call("POST", "/v1/proposal-approvals", { as, body: asked }), forbidden, `approval by ${as}`);
  }
  for (const as of ["requester", "sovereign", "c1-builder", "operator", "auditor", "admin"] as const) {
    t.match(await service.call("POST", "/v1/council-records", { as, body: council }), forbidden, `council by ${as}`);
  }
  for (const as of ["requester", "sovereign", "council_1", "operator", "auditor", "admin"] as const) {
    t.match(await attempt(service, plan, 35, { approval_code }, { as }), forbidden, `commit by ${as}`);
    t.match(await attempt(service, plan, 35, {}, { as, act: "rehearse" }), forbidden, `rehearsal by ${as}`);
  }
  t.match(await service.call("POST", "/v1/plans", { as: "c1-builder", body: { source } }), forbidden);
  t.same(
    (await readPlan(service, plan)).steps.map(({ status }) => status),
    ["open"],
  );
});

t.test("PLAN-2 a registered revision never changes, and a changed plan needs records of its own", async (t) => {
  const head = { plan: "changing", revision: "1" };
  const source = planText([rowStep(40), rowStep(41, { after: [40] })], head);
  const plan = await register(service, source);
  const again = await service.call("POST", "/v1/plans", {
    as: "requester",
    body: { source: `# a comment\n${source}` },
  });
  t.match(again, { status: 200, body: { plan_digest: plan.plan_digest } });
  const changed = (revision: string) =>
    planText([rowStep(40, { handoff: "Changed." }), rowStep(41, { after: [40] })], { ...head, revision });
  t.match(await service.call("POST", "/v1/plans", { as: "requester", body: { source: changed("1") } }), {
    status: 409,
    body: { code: "PLAN_CONFLICT", plan_digest: plan.plan_digest },
  });
  const approval_code = await recordFor(service, plan, 40);
  const next = await register(service, changed("2"));
  t.not(next.plan_digest, plan.plan_digest);
  t.match(await attempt(service, next, 40, { approval_code }), { status: 409, body: { code: "RECORD_MISMATCH" } });
  t.match((await act(service, plan, 40, "commit", approval_code)).run, { status: "succeeded" });
  t.match(await attempt(service, next, 41, {}, { act: "rehearse" }), { status: 409, body: { code: "STEP_CHANGED" } });
  t.match((await rehearse(service, plan, 41)).run, { status: "succeeded" });
});

t.test("PLAN-7 steps are committed in order, once, and rolled back from the end", async (t) => {
  const plan = await register(service, planText([rowStep(45), rowStep(46, { after: [45] }), retiringStep(47)]));
  const refused = async (step: number, what: "commit" | "rollback" | "rehearse", code: string, body: object = {}) => {
    t.match(await attempt(service, plan, step, { ...body }, { act: what }), { status: 409, body: { code } });
  };
  for (const what of ["commit", "rehearse"] as const) await refused(46, what, "STEP_OUT_OF_ORDER");
  await refused(45, "rollback", "STEP_NOT_COMMITTED", { approval_code: "M1-any" });
  const spare = await recordFor(service, plan, 45);
  t.match((await wholeAct(service, plan, 45)).run, { status: "succeeded" });
  await refused(45, "commit", "STEP_ALREADY_COMMITTED", { approval_code: spare });
  await refused(45, "rehearse", "STEP_ALREADY_COMMITTED");
  t.match((await wholeAct(service, plan, 46)).run, { status: "succeeded" });
  for (const what of ["commit", "rollback"] as const) {
    const body = what === "commit" ? { act: "rollback" } : { approval_code: spare };
    await refused(45, what === "commit" ? "rehearse" : "rollback", "STEP_STILL_NEEDED", body);
  }
  t.match((await wholeAct(service, plan, 46, "rollback")).run, { status: "succeeded" });
  t.match((await wholeAct(service, plan, 45, "rollback")).run, { status: "succeeded" });
  t.notOk((await idsOf()).includes(450));
  t.match(
    (await act(service, plan, 45, "commit", spare)).run,
    { status: "succeeded" },
    "the record was not burned by a refusal",
  );
  t.ok((await idsOf()).includes(450));

  const late = await recordFor(service, plan, 47);
  t.match((await wholeAct(service, plan, 47)).run, { status: "succeeded" });
  t.match((await wholeAct(service, plan, 47, "rollback")).run, { status: "succeeded" });
  await refused(47, "commit", "STEP_RETIRED", { approval_code: late });
  await refused(47, "rehearse", "STEP_RETIRED", { act: "rollback" });
  t.same(await target.query("SELECT label FROM app.goods WHERE id = 470"), [{ label: "retired" }]);
  const statuses = (await readPlan(service, plan)).steps.map(({ status }) => status);
  t.same(statuses, ["committed", "rolled_back", "retired"]);
});
