import t from "tap";
import { approvalRequest, expectStatus, mintGrant } from "../support/flow.ts";
import { letTimePass } from "../support/past.ts";
import { type InProcess, startService } from "../support/service.ts";

interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly subject: string;
}

async function findings(service: InProcess, code: string): Promise<Finding[]> {
  const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "operator" }), 200);
  return (body["findings"] as unknown as Finding[]).filter((finding) => finding.code === code);
}

function disable(service: InProcess, ...principals: string[]) {
  return service.stage.database.transact((tx) =>
    tx.query("UPDATE principals SET status = 'disabled' WHERE principal = ANY ($1)", [principals]),
  );
}

t.test(
  "OPEN-6 the doctor finds nothing wrong with a fresh service but what has no handler and what ends soon",
  async (t) => {
    const service = await startService(t);
    const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "auditor" }), 200);
    const codes = (body["findings"] as unknown as Finding[]).map((finding) => finding.code);
    t.same([...new Set(codes)].toSorted(), [
      "HANDLER_UNIMPLEMENTED",
      "LOG_NOT_WITNESSED",
      "NO_SIGNING_KEY",
      "TOKEN_EXPIRES_SOON",
    ]);
    t.same((await findings(service, "HANDLER_UNIMPLEMENTED")).map((finding) => finding.subject).toSorted(), [
      "assign_axis_owner",
      "assign_governance_owner",
      "delegate_authority",
      "grant_governance_exception",
    ]);
    t.equal((await findings(service, "TOKEN_EXPIRES_SOON")).length, 12, "each test token lives for an hour");
    t.equal((await service.call("GET", "/v1/doctor", { as: "requester" })).status, 403);
  },
);

t.test("OPEN-6 a quorum that too few people are left for is found, with the requests that wait for it", async (t) => {
  const service = await startService(t);
  const request = approvalRequest();
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body: request }), 201);
  t.same(await findings(service, "REQUEST_UNDECIDABLE"), []);
  await disable(service, "approver_2", "council_1", "council_2");
  t.match(await findings(service, "REQUEST_UNDECIDABLE"), [{ subject: request.apr_code, severity: "error" }]);
  const types = (await findings(service, "QUORUM_UNSATISFIABLE")).map((finding) => finding.subject);
  t.equal(types.length, 8);
  t.ok(types.includes("authorize_build_step"));
  t.ok(types.includes("authorize_rollback"));
});

t.test("OPEN-6 an executor that nobody can be is found, on the request and on the grant", async (t) => {
  const service = await startService(t);
  const request = approvalRequest({}, { executor: "ghost" });
  await expectStatus(service.call("POST", "/v1/approval-requests", { as: "requester", body: request }), 201);
  t.match(await findings(service, "EXECUTOR_NOBODY"), [{ subject: request.apr_code }]);
  const authCode = await mintGrant(service);
  await disable(service, "c1-builder");
  const subjects = (await findings(service, "EXECUTOR_NOBODY")).map((finding) => finding.subject);
  t.same(subjects.toSorted(), [request.apr_code, authCode].toSorted());
});

t.test("OPEN-6 grants and requests that no sweeper marked in time are found", async (t) => {
  const service = await startService(t);
  const authCode = await mintGrant(service);
  t.same(await findings(service, "SWEEP_LATE"), []);
  await letTimePass(service.stage, "governance_build_authorization", authCode);
  t.equal((await findings(service, "SWEEP_LATE")).length, 1);
});

t.test("OPEN-6 an action type that could never reach its quorum is refused when it is configured", async (t) => {
  const service = await startService(t);
  const put = (body: object) => service.call("PUT", "/v1/action-types/other_action", { as: "admin", body });
  const type = { handler_ref: "unimplemented", risk_level: "high" };
  for (const quorum of [{ quorum: 5 }, { quorum: 3, council_quorum: 3 }]) {
    const refused = await put({ ...type, ...quorum });
    t.equal(refused.status, 422, refused.text);
    t.match(refused.body, { code: "QUORUM_UNSATISFIABLE" });
  }
  t.equal((await put({ ...type, quorum: 4 })).status, 201);
  t.equal((await put({ ...type, quorum: 1 })).status, 400, "below what the risk demands");
});
