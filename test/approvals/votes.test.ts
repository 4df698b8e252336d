import t from "tap";
import { approvalRequest, approve, execute, expectStatus } from "../support/flow.ts";
import { type Answer, type InProcess, type Person, startService } from "../support/service.ts";

async function post(service: InProcess, request = approvalRequest()) {
  const { body } = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: request }),
    201,
  );
  return { aprCode: request.apr_code, digest: body["apr_digest"] as unknown as string };
}

function vote(
  service: InProcess,
  as: Person,
  request: { aprCode: string; digest: string },
  changes: Record<string, unknown> = {},
): Promise<Answer> {
  const body = { decision: "approve", apr_digest: request.digest, reason: "as discussed", ...changes };
  return service.call("POST", `/v1/approval-requests/${request.aprCode}/votes`, { as, body });
}

t.test("APR-2 the same content is answered again whatever its spelling, other content is a conflict", async (t) => {
  const service = await startService(t);
  const request = approvalRequest();
  const { digest } = await post(service, request);
  const reversed = Object.fromEntries(Object.entries(request).toReversed());
  const again = await service.call("POST", "/v1/approval-requests", { as: "requester", body: reversed });
  t.equal(again.status, 200);
  t.equal(again.body["apr_digest"], digest);
  const body = { ...request, title: "Something else" };
  const other = await service.call("POST", "/v1/approval-requests", { as: "requester", body });
  t.equal(other.status, 409);
  t.match(other.body, { code: "APR_CONFLICT" });
});

t.test("APR-1 APR-8 nothing in a body says who asked, or that a quorum was reached", async (t) => {
  const service = await startService(t);
  for (const field of ["requested_by", "quorum", "quorum_passed", "status", "votes", "unknown"]) {
    const body = { ...approvalRequest(), [field]: "passed" };
    const answer = await service.call("POST", "/v1/approval-requests", { as: "requester", body });
    t.equal(answer.status, 400, field);
  }
  const voted = await vote(service, "approver_1", await post(service), { voter: "approver_2" });
  t.equal(voted.status, 400);
});

t.test("APR-3 a vote on another digest is refused, and each person has one vote", async (t) => {
  const service = await startService(t);
  const request = await post(service);
  const stale = await vote(service, "approver_1", request, { apr_digest: `sha256:${"0".repeat(64)}` });
  t.equal(stale.status, 409);
  t.match(stale.body, { code: "VOTE_DIGEST_STALE" });
  const first = await vote(service, "approver_1", request);
  t.equal(first.status, 201);
  t.match(first.body, { status: "open", quorum: { required: 2, approvals: 1, passed: false } });
  for (const decision of ["approve", "reject"]) {
    const second = await vote(service, "approver_1", request, { decision });
    t.equal(second.status, 409);
    t.match(second.body, { code: "VOTE_CONFLICT" });
  }
  t.match((await vote(service, "approver_2", request)).body, { status: "approved", quorum: { passed: true } });
});

t.test("APR-3 neither the requester nor the executor of the grant votes", async (t) => {
  const service = await startService(t);
  const request = await post(service, approvalRequest({}, { executor: "approver_1" }));
  const executor = await vote(service, "approver_1", request);
  t.equal(executor.status, 403);
  t.match(executor.body, { code: "SELF_APPROVAL" });
  t.match((await vote(service, "requester", request)).body, { code: "FORBIDDEN" });
  await service.stage.database.transact((tx) =>
    tx.query("UPDATE principals SET roles = ARRAY['requester', 'approver'] WHERE principal = 'requester'"),
  );
  const own = await vote(service, "requester", request);
  t.equal(own.status, 403);
  t.match(own.body, { code: "SELF_APPROVAL" });
});

t.test("APR-5 one reject ends the request, also after its quorum", async (t) => {
  const service = await startService(t);
  const request = await approve(service);
  const reject = await vote(service, "council_1", request, { decision: "reject" });
  t.match(reject.body, { status: "rejected", quorum: { rejections: 1, passed: false } });
  const late = await vote(service, "council_2", request);
  t.equal(late.status, 409);
  t.match(late.body, { code: "APR_NOT_OPEN" });
});

t.test("APR-5 a raised risk raises the quorum, a lowered one changes nothing", async (t) => {
  const service = await startService(t);
  const raised = await post(service, approvalRequest({ risk: "sovereign" }));
  for (const voter of ["approver_1", "approver_2"] as const) await expectStatus(vote(service, voter, raised), 201);
  const read = await service.call("GET", `/v1/approval-requests/${raised.aprCode}`, { as: "auditor" });
  t.match(read.body, { risk: "sovereign", status: "open", quorum: { required: 3, council_required: 1 } });
  t.match((await vote(service, "council_1", raised)).body, { status: "approved", quorum: { passed: true } });

  const lowered = await post(service, approvalRequest({ risk: "low" }));
  const low = await service.call("GET", `/v1/approval-requests/${lowered.aprCode}`, { as: "auditor" });
  t.match(low.body, { risk: "high", quorum: { required: 2 } });
});

t.test("APR-5 a request is withdrawn by its requester alone, before it is executed", async (t) => {
  const service = await startService(t);
  const request = await approve(service);
  const path = `/v1/approval-requests/${request.aprCode}/withdraw`;
  t.equal((await service.call("POST", path, { as: "approver_1" })).status, 403);
  for (let i = 0; i < 2; i++) {
    const withdrawn = await service.call("POST", path, { as: "requester" });
    t.equal(withdrawn.status, 200);
    t.match(withdrawn.body, { status: "withdrawn" });
  }
  t.match((await vote(service, "council_1", request)).body, { code: "APR_NOT_OPEN" });

  const executed = await approve(service);
  await expectStatus(execute(service, executed), 201);
  const late = await service.call("POST", `/v1/approval-requests/${executed.aprCode}/withdraw`, { as: "requester" });
  t.equal(late.status, 409);
  t.match(late.body, { code: "APR_NOT_OPEN" });
});

t.test("OPEN-8 a request shows who may still decide and why the others may not", async (t) => {
  const service = await startService(t);
  const request = await post(service, approvalRequest({}, { executor: "council_2" }));
  await expectStatus(vote(service, "approver_1", request), 201);
  const { body } = await service.call("GET", `/v1/approval-requests/${request.aprCode}`, { as: "auditor" });
  const deciders = body["deciders"] as unknown as { may_vote: string[]; may_not: { principal: string; why: string }[] };
  t.same(deciders.may_vote.toSorted(), ["approver_2", "council_1"]);
  t.same(
    deciders.may_not.toSorted((a, b) => a.principal.localeCompare(b.principal)),
    [
      { principal: "approver_1", why: "has voted: approve" },
      { principal: "council_2", why: "is the executor of the grant" },
    ],
  );
});

t.test("OPEN-8 lists answer what waits for the caller, what is theirs and what they decided", async (t) => {
  const service = await startService(t);
  const [first, second] = [await post(service), await post(service)];
  await expectStatus(vote(service, "approver_1", first), 201);
  const codes = async (as: Person, relation: string) => {
    const { body } = await service.call("GET", `/v1/approval-requests?relation=${relation}`, { as });
    return (body["items"] as unknown as { apr_code: string }[]).map((item) => item.apr_code);
  };
  t.same(await codes("approver_1", "can_vote"), [second.aprCode]);
  t.same(await codes("approver_2", "can_vote"), [second.aprCode, first.aprCode]);
  t.same(await codes("approver_1", "voted"), [first.aprCode]);
  t.same(await codes("requester", "created"), [second.aprCode, first.aprCode]);
  t.same(await codes("requester", "can_vote"), []);
});
