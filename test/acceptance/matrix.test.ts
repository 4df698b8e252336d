import t from "tap";
import { routes } from "../../src/http/routes/index.ts";
import { type Person, startService } from "../support/service.ts";

const everyone = [
  "requester",
  "approver_1",
  "council_1",
  "sovereign",
  "dispatcher",
  "c1-builder",
  "operator",
  "auditor",
  "admin",
] as const satisfies readonly Person[];
const any = everyone;

/** Who may call what, as the contract says; written by hand, so that a route cannot allow more than was meant. */
const matrix: Readonly<Record<string, readonly Person[]>> = {
  "POST /v1/approval-requests": ["requester"],
  "GET /v1/approval-requests": any,
  "GET /v1/approval-requests/APR-NONE": any,
  "POST /v1/approval-requests/APR-NONE/votes": ["approver_1", "council_1"],
  "POST /v1/approval-requests/APR-NONE/withdraw": ["requester"],
  "POST /v1/approval-requests/APR-NONE/execute": ["dispatcher"],
  "GET /v1/action-types": any,
  "GET /v1/action-types/none": any,
  "PUT /v1/action-types/none": ["admin"],
  "GET /v1/grants": any,
  "GET /v1/grants/GBA-C1-NONE": any,
  "GET /v1/grants/GBA-C1-NONE/evidence": any,
  "POST /v1/grants/verify": ["c1-builder", "operator"],
  "POST /v1/grants/GBA-C1-NONE/verify": ["c1-builder", "operator"],
  "POST /v1/grants/GBA-C1-NONE/consume": ["c1-builder"],
  "POST /v1/grants/GBA-C1-NONE/revoke": ["operator", "sovereign"],
  "GET /v1/grants/GBA-C1-NONE/signing-payload": ["sovereign"],
  "POST /v1/grants/GBA-C1-NONE/esign": ["sovereign"],
  "GET /v1/signing-keys": ["sovereign", "council_1", "admin", "auditor", "operator"],
  "GET /v1/signing-keys/none": ["sovereign", "council_1", "admin", "auditor", "operator"],
  "POST /v1/signing-keys": ["sovereign"],
  "POST /v1/signing-keys/none/confirm": ["council_1"],
  "POST /v1/signing-keys/none/revoke": ["admin", "sovereign"],
  "GET /v1/scopes": any,
  "POST /v1/scopes": ["admin"],
  "POST /v1/scopes/1000/retire": ["admin"],
  "GET /v1/holds": ["operator", "sovereign", "c1-builder", "auditor"],
  "GET /v1/holds/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11": ["operator", "sovereign", "c1-builder", "auditor"],
  "POST /v1/holds": ["operator", "sovereign"],
  "POST /v1/holds/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11/lift": ["operator", "sovereign"],
  "GET /v1/builds": any,
  "POST /v1/builds/none/digests": any,
  "GET /v1/runs": any,
  "GET /v1/runs/none": any,
  "GET /v1/runs/none/evidence": any,
  "POST /v1/runs": ["c1-builder"],
  "POST /v1/runs/none/resume": ["c1-builder"],
  "POST /v1/runs/none/rollback": ["c1-builder"],
  "GET /v1/runs/none/events": any,
  "GET /v1/rehearsals/none": any,
  "POST /v1/plans": ["requester"],
  "GET /v1/plans": any,
  "GET /v1/plans/none/revisions/none": any,
  "POST /v1/plans/none/revisions/none/steps/1/rehearse": ["c1-builder"],
  "POST /v1/plans/none/revisions/none/steps/1/commit": ["c1-builder"],
  "POST /v1/plans/none/revisions/none/steps/1/rollback": ["c1-builder"],
  "POST /v1/proposal-approvals": ["sovereign"],
  "GET /v1/proposal-approvals": any,
  "GET /v1/proposal-approvals/M1-NONE": any,
  "GET /v1/proposal-approvals/M1-NONE/signing-payload": ["sovereign"],
  "POST /v1/proposal-approvals/M1-NONE/esign": ["sovereign"],
  "POST /v1/proposal-approvals/M1-NONE/revoke": ["operator", "sovereign"],
  "POST /v1/council-records": ["council_1"],
  "GET /v1/council-records": any,
  "POST /v1/council-records/C1-NONE/revoke": ["council_1"],
  "POST /v1/review-decisions": ["council_1"],
  "GET /v1/review-decisions": any,
  "GET /v1/review-decisions/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11": any,
  "GET /v1/lifecycle/units": any,
  "GET /v1/lifecycle/log": any,
  "POST /v1/lifecycle/manifests": ["requester", "c1-builder", "operator"],
  "POST /v1/lifecycle/enactments": ["c1-builder"],
  "POST /v1/lifecycle/supersessions": ["c1-builder"],
  "POST /v1/lifecycle/retirements": ["c1-builder"],
  "POST /v1/lifecycle/verification": ["operator", "auditor"],
  "GET /v1/lifecycle/close-outs/none": any,
  "POST /v1/lifecycle/baselines": ["sovereign"],
  "GET /v1/lifecycle/baselines": any,
  "POST /v1/lifecycle/watch": ["operator"],
  "GET /v1/lifecycle/incidents": any,
  "POST /v1/lifecycle/incidents/1000/resolve": ["operator"],
  "GET /v1/leases": ["c1-builder", "operator"],
  "GET /v1/leases/none": ["c1-builder", "operator"],
  "POST /v1/leases/none/renew": ["c1-builder"],
  "POST /v1/leases/none/release": ["c1-builder"],
  "GET /v1/audit/events": ["auditor"],
  "GET /v1/audit/checkpoint": ["auditor"],
  "GET /v1/audit/proofs/inclusion": ["auditor"],
  "GET /v1/audit/proofs/consistency": ["auditor"],
  "GET /v1/audit/leaves": ["auditor"],
  "GET /v1/webhooks": ["admin"],
  "POST /v1/webhooks": ["admin"],
  "GET /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11": ["admin"],
  "DELETE /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11": ["admin"],
  "POST /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11/rotate": ["admin"],
  "POST /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11/enable": ["admin"],
  "POST /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11/disable": ["admin"],
  "GET /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11/deliveries": ["admin"],
  "POST /v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11/deliveries/1/replay": ["admin"],
  "GET /v1/doctor": ["operator", "auditor"],
  "GET /v1/session": any,
  "DELETE /v1/session": any,
};

/** For whoever is not known yet. */
const forStrangers = ["POST /v1/session", "GET /v1/session/provider", "POST /v1/session/oidc"];

/** The path of a route with the names that the matrix uses. */
function concrete(url: string): string {
  const names: Record<string, string> = {
    apr_code: "APR-NONE",
    auth_code: "GBA-C1-NONE",
    id: "7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11",
    scope_id: "1000",
    step: "1",
    approval_code: "M1-NONE",
    record_code: "C1-NONE",
    decision_id: "7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11",
    incident_id: "1000",
    number: "1",
  };
  return url.replace(/:(\w+)/g, (_, name: string) => names[name] ?? "none");
}

t.test("APR-8 every route is in the matrix, and the matrix has no other", async (t) => {
  const declared = routes.map(({ method, url }) => `${method} ${concrete(url)}`);
  t.same(declared.toSorted(), [...forStrangers, ...Object.keys(matrix)].toSorted());
  t.same(
    routes
      .filter(({ access }) => access === "open")
      .map(({ method, url }) => `${method} ${url}`)
      .toSorted(),
    forStrangers.toSorted(),
  );
});

t.test("APR-8 every role on every route is let in or refused as the contract says", async (t) => {
  const service = await startService(t, { targets: {} });
  const events = async (): Promise<unknown> =>
    (await service.stage.database.transact((tx) => tx.query("SELECT count(*)::int AS n FROM audit_events"))).rows;
  const before = await events();
  for (const [route, allowed] of Object.entries(matrix)) {
    const [method = "", path = ""] = route.split(" ");
    const body = method === "GET" ? {} : { body: { nothing: "that any route takes" } };
    for (const person of everyone) {
      const answer = await service.call(method, path, { as: person, ...body });
      if (allowed.includes(person)) t.not(answer.status, 403, `${route} lets ${person} in`);
      else
        t.match(
          { ...answer.body, status: answer.status },
          { status: 403, code: "FORBIDDEN", required_roles: Array },
          `${route} refuses ${person}`,
        );
      t.ok(answer.status < 500 && answer.status !== 401, `${route} as ${person}: ${answer.status}`);
    }
    const nobody = await service.call(method, path, body);
    t.equal(nobody.status, 401, `${route} refuses nobody`);
    t.match(nobody.headers.get("www-authenticate"), /^Bearer/);
    const forged = `cs_${"0".repeat(16)}_${"A".repeat(43)}`;
    t.equal(
      (await service.call(method, path, { token: forged, ...body })).status,
      401,
      `${route} refuses a forged token`,
    );
  }
  t.same(await events(), before, "nothing was written");
});

/** What is no route of the API's: files, for whoever reads logs of this kind without knowing of the service. */
const files = ["/v1/audit/log/checkpoint", "/v1/audit/log/tile/0/000.p/1", "/v1/audit/log/tile/entries/000.p/1"];

t.test("AUDIT-2 the files of the log are the auditors' alone, unless the configuration opens them", async (t) => {
  const service = await startService(t, { targets: {} });
  for (const path of files) {
    for (const person of everyone) {
      const answer = await service.call("GET", path, { as: person });
      t.equal(answer.status, person === "auditor" ? 404 : 403, `${path} as ${person}: there is nothing in it yet`);
    }
    t.equal((await service.call("GET", path)).status, 401, `${path} refuses nobody`);
  }
  const { stage } = service;
  const open = await startService(t, { stage, targets: {}, config: { logReaders: "everyone" } });
  for (const path of files) t.equal((await open.call("GET", path)).status, 404, `${path} is open`);
});

t.test("operations: health, metrics and documentation are open", async (t) => {
  const service = await startService(t);
  for (const path of [
    "/livez",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/docs/",
    "/docs/evidence/v1/predicate.schema.json",
  ]) {
    t.equal((await service.call("GET", path)).status, 200, path);
  }
  const metrics = (await service.call("GET", "/metrics")).text;
  t.match(metrics, /http_request_duration_seconds_bucket/);
  t.match(metrics, /countersign_database_connections/);
});
