import fc from "fast-check";
import t from "tap";
import { routes } from "../../../src/http/routes/index.ts";
import { makePasskey, originOf, passkeyRegistration } from "../../support/authenticator.ts";
import { makeKey, mintDraft, registration, usableKey } from "../../support/commit.ts";
import { approvalRequest, approve, bindings, mintGrant } from "../../support/flow.ts";
import { type InProcess, type Person, signed, startService } from "../../support/service.ts";

/** Random bodies a route, 10,000 with `--full`; replayed with `node <this file> --seed=<the seed that was printed>`. */
const runs = process.argv.includes("--full") ? 10_000 : 400;
const given = process.argv.find((argument) => argument.startsWith("--seed="))?.slice("--seed=".length);
const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);

t.setTimeout(300_000);

interface Target {
  readonly path: string;
  readonly as: Person;
  readonly valid: object;
  readonly headers?: (raw: string) => Record<string, string>;
}

/** Takes a valid body and breaks it in one place at least; what comes of it may still be valid JSON of another shape. */
function broken(valid: object): fc.Arbitrary<string> {
  const fields = Object.keys(valid);
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "\u0000",
      "\ud800",
      "",
      " ",
      "x".repeat(5_000),
      -0,
      1e308,
      2 ** 53,
      null,
      [],
      {},
      true,
      "DROP TABLE",
      "__proto__",
    ),
  );
  const changed = fc
    .tuple(fc.constantFrom(...fields), odd)
    .map(([field, value]) => JSON.stringify({ ...valid, [field]: value, unknown_field: value }));
  const missing = fc
    .constantFrom(...fields)
    .map((field) => JSON.stringify({ ...valid, [field]: undefined, unknown_field: 1 }));
  const twice = fc.constantFrom(...fields).map((field) => `{"${field}":1,${JSON.stringify({ ...valid }).slice(1)}`);
  const any = fc.jsonValue({ maxDepth: 6 }).map((value) => JSON.stringify([value]));
  return fc.oneof(
    { weight: 5, arbitrary: changed },
    missing,
    twice,
    any,
    fc.string({ unit: "binary" }).map((text) => `{${text}`),
  );
}

async function targets(service: InProcess): Promise<Target[]> {
  const { aprCode, digest } = await approve(service, approvalRequest({}, { target: "OTHER" }));
  const authCode = await mintGrant(service);
  const digestBody = { apr_code: aprCode, apr_digest: digest };
  const vote = { decision: "approve", apr_digest: digest, reason: "as discussed" };
  const token = { token: `cl_k1.${"a".repeat(43)}` };
  return [
    { path: "/v1/approval-requests", as: "requester", valid: approvalRequest() },
    { path: `/v1/approval-requests/${aprCode}/votes`, as: "council_1", valid: vote },
    { path: `/v1/approval-requests/${aprCode}/withdraw`, as: "requester", valid: { reason: "x" } },
    {
      path: `/v1/approval-requests/${aprCode}/execute`,
      as: "dispatcher",
      valid: digestBody,
      headers: (raw) => signed(raw),
    },
    { path: "/v1/grants/verify", as: "c1-builder", valid: bindings() },
    { path: `/v1/grants/${authCode}/verify`, as: "c1-builder", valid: bindings() },
    {
      path: `/v1/grants/${authCode}/consume`,
      as: "c1-builder",
      valid: { ...bindings(), idempotency_root: "r", lease: { name: "l" } },
    },
    { path: `/v1/grants/${authCode}/revoke`, as: "operator", valid: { reason: "x" } },
    { path: "/v1/leases/lego1-c1-build/renew", as: "c1-builder", valid: { ...token, ttl_seconds: 60 } },
    { path: "/v1/leases/lego1-c1-build/release", as: "c1-builder", valid: token },
    { path: "/v1/session", as: "admin", valid: { token: `cs_${"0".repeat(16)}_${"A".repeat(43)}` } },
    { path: "/v1/session", as: "admin", valid: { code: "c", state: "k1.1.A", iss: "https://login.example.com" } },
    { path: "/v1/session/oidc", as: "admin", valid: { nothing: "that it takes" } },
    ...(await commitModeTargets(service)),
    ...runTargets(authCode),
    ...planTargets(),
    ...lifecycleTargets(authCode),
    ...webhookTargets(),
  ];
}

function webhookTargets(): Target[] {
  const webhook = "/v1/webhooks/7c1d6f1e-9f0e-4a53-8a5f-0d2b6c1f7e11";
  const valid = { url: "https://hooks.example.com/x", events: ["grant.*"], description: "x" };
  const paths = ["rotate", "enable", "disable", "deliveries/1/replay"].map((verb) => `${webhook}/${verb}`);
  const others = paths.map((path): Target => ({ path, as: "admin", valid: { nothing: "that it takes" } }));
  return [{ path: "/v1/webhooks", as: "admin", valid }, ...others];
}

function runTargets(authCode: string): Target[] {
  const entries = [{ operation_code: "a.b", protocol_version: "1", description: "x" }];
  const input = { manifest: { entries } };
  const run = { idempotency_root: "r", auth_code: authCode, bindings: bindings(), input, work_within_seconds: 60 };
  const steps = [{ act: "retire", operation_code: "a.b", protocol_version: "1", rollback_ref: "x", reason: "x" }];
  return [
    { path: "/v1/builds/c1-vocabulary/digests", as: "requester", valid: { input } },
    { path: "/v1/runs", as: "c1-builder", valid: { ...run, build: "c1-vocabulary", target: "default" } },
    { path: "/v1/runs/none/resume", as: "c1-builder", valid: { reason: "x" } },
    { path: "/v1/runs/none/rollback", as: "c1-builder", valid: { ...run, input: { rolls_back: "none", steps } } },
  ];
}

function lifecycleTargets(authCode: string): Target[] {
  const id = "29c88a7b-0000-4000-8000-000000000001";
  const digest = `sha256:${"0".repeat(64)}`;
  const digests = { version_digest: digest, identity_digest: digest };
  const units = [{ canonical_address: "ICX-CONST/DIEU-0", version_id: id, ...digests }];
  const named = { review_decision_id: id, review_decision_digest: digest };
  const input = { transition: "enact", units, ...named, reason: "x", gateway_digest: digest };
  const run = { idempotency_root: "r", auth_code: authCode, bindings: bindings(), input, work_within_seconds: 60 };
  const decision = { decision_kind: "enactment", decision: "approve", subjects: ["ICX-CONST/*"], reason: "x" };
  const manifest = { transition: "enact", address_prefix: "ICX-CONST/", review_decision_id: id, reason: "x" };
  const incident = "/v1/lifecycle/incidents/1000/resolve";
  return [
    { path: "/v1/review-decisions", as: "council_1", valid: { ...decision, document_digest: digest } },
    { path: "/v1/lifecycle/manifests", as: "requester", valid: { ...manifest, change_set_id: id } },
    { path: "/v1/lifecycle/enactments", as: "c1-builder", valid: run },
    { path: "/v1/lifecycle/supersessions", as: "c1-builder", valid: run },
    { path: "/v1/lifecycle/retirements", as: "c1-builder", valid: { ...run, dry_run: true } },
    { path: "/v1/lifecycle/verification", as: "operator", valid: { database: "default" } },
    { path: "/v1/lifecycle/watch", as: "operator", valid: { database: "default" } },
    { path: "/v1/lifecycle/baselines", as: "sovereign", valid: { gateway_digest: digest, reason: "x" } },
    { path: incident, as: "operator", valid: { reason: "x" } },
  ];
}

function planTargets(): Target[] {
  const step = "/v1/plans/none/revisions/1/steps/1";
  const digest = `sha256:${"0".repeat(64)}`;
  const ofStep = { plan_id: "none", revision: "1", step: 1, plan_digest: digest };
  const root = { idempotency_root: "r", work_within_seconds: 60 };
  return [
    { path: "/v1/plans", as: "requester", valid: { source: "plan: none\nrevision: '1'\n" } },
    { path: `${step}/rehearse`, as: "c1-builder", valid: { ...root, act: "commit" } },
    {
      path: `${step}/commit`,
      as: "c1-builder",
      valid: { ...root, approval_code: "M1-none", documents: [{ name: "x", digest }] },
    },
    { path: `${step}/rollback`, as: "c1-builder", valid: { ...root, approval_code: "M1-none" } },
    {
      path: "/v1/proposal-approvals",
      as: "sovereign",
      valid: { ...ofStep, act: "commit", rehearsal_ref: digest, ttl_seconds: 60, executor: "x", reason: "x" },
    },
    { path: "/v1/proposal-approvals/M1-none/esign", as: "sovereign", valid: { jws: "e30..AA" } },
    { path: "/v1/proposal-approvals/M1-none/revoke", as: "operator", valid: { reason: "x", running: "stop" } },
    {
      path: "/v1/council-records",
      as: "council_1",
      valid: { ...ofStep, kind: "C-1", decision: "x", document_digest: digest },
    },
    { path: "/v1/council-records/C1-none/revoke", as: "council_1", valid: { reason: "x" } },
  ];
}

async function commitModeTargets(service: InProcess): Promise<Target[]> {
  const authCode = await mintDraft(service);
  const { kid } = await usableKey(service);
  const placed = await service.call("POST", "/v1/holds", {
    as: "operator",
    body: { reason: "x", environment: "none" },
  });
  const { body: scopes } = await service.call("GET", "/v1/scopes", { as: "admin" });
  const [{ scope_id, ...shipped } = {}] = scopes["items"] as unknown as Record<string, unknown>[];
  const { status: _, created_at: __, created_by: ___, retired_at: ____, retired_by: _____, ...scope } = shipped;
  return [
    { path: `/v1/grants/${authCode}/esign`, as: "sovereign", valid: { jws: "e30..AA" } },
    {
      path: `/v1/grants/${authCode}/esign`,
      as: "sovereign",
      valid: { webauthn: { kid, authenticator_data: "AA", client_data_json: "e30", signature: "AA" } },
    },
    { path: "/v1/signing-keys", as: "sovereign", valid: registration(makeKey(), "sovereign") },
    {
      path: "/v1/signing-keys",
      as: "sovereign",
      valid: passkeyRegistration(makePasskey(), "sovereign", originOf(service)),
    },
    { path: `/v1/signing-keys/${kid}/confirm`, as: "council_1", valid: { reason: "x" } },
    { path: `/v1/signing-keys/${kid}/revoke`, as: "admin", valid: { reason: "x" } },
    { path: "/v1/scopes", as: "admin", valid: { ...scope, target: "ANOTHER" } },
    { path: `/v1/scopes/${String(scope_id)}/retire`, as: "admin", valid: { reason: "x" } },
    { path: "/v1/holds", as: "operator", valid: { reason: "x", environment: "none" } },
    { path: `/v1/holds/${String(placed.body["id"])}/lift`, as: "operator", valid: { reason: "x" } },
  ];
}

/** The POST routes that no target is for. */
function forgotten(all: readonly Target[]): string[] {
  return routes
    .filter(({ method, url }) => {
      const form = new RegExp(`^${url.replace(/:\w+/g, "[^/]+")}$`);
      return method === "POST" && !all.some(({ path }) => form.test(path));
    })
    .map(({ url }) => url);
}

const countRows = `SELECT (SELECT count(*) FROM c1_build_run) AS runs, (SELECT count(*) FROM approval_requests) AS requests, (SELECT count(*) FROM apr_approvals) AS votes,
  (SELECT count(*) FROM governance_build_authorization) AS grants, (SELECT count(*) FROM grant_receipts) AS receipts,
  (SELECT count(*) FROM dot_iu_runtime_lease) AS leases, (SELECT count(*) FROM audit_events) AS events,
  (SELECT count(*) FROM signing_keys WHERE status <> 'revoked') AS signing_keys, (SELECT count(*) FROM grant_signatures) AS signatures,
  (SELECT count(*) FROM scopes WHERE status = 'active') AS scopes, (SELECT count(*) FROM registration_holds WHERE lifted_at IS NULL) AS holds,
  (SELECT count(*) FROM idempotency_keys) AS keys, (SELECT count(*) FROM sessions) AS sessions, (SELECT count(*) FROM plan_revisions) AS plans,
  (SELECT count(*) FROM os_proposal_approvals) AS approvals, (SELECT count(*) FROM council_records) AS council, (SELECT count(*) FROM plan_ledger) AS ledger, (SELECT count(*) FROM sync_messages) AS messages`;

t.test(
  `APR-1 ${runs} random bodies at every POST route: a clear 4xx each, nothing stored`,
  { timeout: 300_000 },
  async (t) => {
    t.comment(`seed ${seed}`);
    const service = await startService(t, {
      config: { rateLimitMax: 1_000_000_000, tokenCacheMs: 60_000, maxEventLoopDelayMs: 0 },
    });
    const rows = async () => (await service.stage.database.transact((tx) => tx.query(countRows))).rows;
    const all = await targets(service);
    t.same(forgotten(all), [], "every POST route is tried");
    const before = await rows();
    for (const { path, as, valid, headers } of all) {
      const authorization = `Bearer ${service.tokens[as]}`;
      const send = async (raw: string): Promise<string | undefined> => {
        const answer = await service.app.inject({
          method: "POST",
          url: path,
          headers: { authorization, "content-type": "application/json", ...headers?.(raw) },
          payload: Buffer.from(raw, "utf8"),
        });
        const document = answer.json<{ code?: string; status?: number; request_id?: string }>();
        const clear =
          document.code !== undefined && document.status === answer.statusCode && document.request_id !== undefined;
        return answer.statusCode >= 400 && answer.statusCode < 500 && clear
          ? undefined
          : `${answer.statusCode} ${answer.body} for ${raw}`;
      };
      const bodies = fc.sample(broken(valid), { numRuns: runs, seed });
      const wrong: string[] = [];
      for (let from = 0; from < bodies.length && wrong.length === 0; from += 50) {
        const answers = await Promise.all(bodies.slice(from, from + 50).map(send));
        wrong.push(...answers.filter((one) => one !== undefined));
      }
      t.same(wrong.slice(0, 3), [], `${path} (seed ${seed})`);
    }
    t.same(await rows(), before, "the rows of every table are as they were");
  },
);
