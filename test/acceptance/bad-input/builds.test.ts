import t, { type Test } from "tap";
import { mintGrant, approvalRequest, expectStatus } from "../../support/flow.ts";
import { digestsOf, manifest, prepareDryRun, runBindings, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(120_000);

async function place(t: Test) {
  const target = await useTarget(t);
  const config = { runPollMs: 150, maxEventLoopDelayMs: 0 };
  const service = await startService(t, { targets: { default: target.url, other: target.url }, config });
  return { target, service };
}

async function rows(service: InProcess): Promise<unknown> {
  const counted = await service.stage.database.transact((tx) =>
    tx.query(`SELECT (SELECT count(*) FROM c1_build_run) AS runs, (SELECT count(*) FROM audit_events) AS events,
                     (SELECT count(*) FROM grant_receipts) AS receipts, (SELECT count(*) FROM dot_iu_runtime_lease) AS leases`),
  );
  return counted.rows[0];
}

const entry = (changes: Record<string, unknown> = {}) => ({
  operation_code: "a.b",
  protocol_version: "1",
  description: "x",
  ...changes,
});
const input = (...entries: unknown[]) => ({ manifest: { entries } });

t.test("RUN-4 a manifest that is not one is refused with the place of each fault", async (t) => {
  const { service } = await place(t);
  const digests = (body: unknown) =>
    service.call("POST", "/v1/builds/c1-vocabulary/digests", { as: "requester", body });
  const before = await rows(service);
  const cases: [unknown, string][] = [
    [input(entry(), entry({ description: "y" })), "/input/manifest/entries/1"],
    [input(entry({ extra: 1 })), "/input/manifest/entries/0/extra"],
    [{ ...input(entry()), other: 1 }, "/input/other"],
    [input(entry({ protocol_version: 1 })), "/input/manifest/entries/0/protocol_version"],
    [input(entry({ protocol_version: "01" })), "/input/manifest/entries/0/protocol_version"],
    [input(entry({ protocol_version: "1.0.0.0" })), "/input/manifest/entries/0/protocol_version"],
    [input(entry({ protocol_version: "-1" })), "/input/manifest/entries/0/protocol_version"],
    [input(entry({ operation_code: "" })), "/input/manifest/entries/0/operation_code"],
    [input(entry({ operation_code: "A B" })), "/input/manifest/entries/0/operation_code"],
    [input(entry({ description: " " })), "/input/manifest/entries/0/description"],
    [input(entry({ description: "x".repeat(1_001) })), "/input/manifest/entries/0/description"],
    [input(), "/input/manifest/entries"],
    [{}, "/input/manifest"],
    [null, "/input"],
    [[], "/input"],
  ];
  for (const [given, pointer] of cases) {
    const answer = await digests({ input: given });
    t.match(answer.body, { status: 400, code: "INVALID_REQUEST" }, pointer);
    t.ok(
      (answer.body["errors"] as unknown as { pointer: string }[]).some((error) => error.pointer === pointer),
      `${pointer}: ${answer.text}`,
    );
  }
  const twice =
    '{"input":{"manifest":{"entries":[{"operation_code":"a","operation_code":"b","protocol_version":"1","description":"x"}]}}}';
  t.equal(
    (await service.call("POST", "/v1/builds/c1-vocabulary/digests", { as: "requester", raw: twice })).status,
    400,
  );
  t.equal(
    (await service.call("POST", "/v1/builds/none/digests", { as: "requester", body: { input: {} } })).status,
    404,
  );
  t.same(await rows(service), before, "nothing was written");
});

t.test("RUN-4 the order of a manifest does not count, its content does", async (t) => {
  const { service } = await place(t);
  const { entries } = manifest(30);
  const first = await digestsOf(service, { manifest: { entries } });
  t.same(await digestsOf(service, { manifest: { entries: entries.toReversed() } }), first);
  const other = entries.map((one, index) => (index === 7 ? { ...one, description: "Another." } : one));
  t.not((await digestsOf(service, { manifest: { entries: other } })).manifest_digest, first.manifest_digest);
});

t.test("RUN-4 a manifest of 100,000 entries is refused at once, and the service goes on", async (t) => {
  const { service } = await place(t);
  const body = { input: manifest(100_000) };
  const pending = service.call("POST", "/v1/builds/c1-vocabulary/digests", {
    as: "requester",
    body: { input: { manifest: body.input } },
  });
  t.equal((await service.call("GET", "/livez")).status, 200);
  t.match((await pending).body, { status: 413, code: "PAYLOAD_TOO_LARGE" });
  const small = Array.from({ length: 20_001 }, (_, number) => entry({ operation_code: `a${number}` }));
  const many = await service.call("POST", "/v1/builds/c1-vocabulary/digests", {
    as: "requester",
    body: { input: input(...small) },
  });
  t.match(many.body, { status: 400, errors: [{ pointer: "/input/manifest/entries" }] });
});

t.test("RUN-1 what is not the run that was approved is refused, and changes nothing", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service);
  const before = await rows(service);
  const body = prepared.body as Record<string, unknown> & { bindings: Record<string, unknown> };
  const bound = (changes: object) => ({ ...body, bindings: { ...body.bindings, ...changes } });
  const cases: [object, number, object][] = [
    [{ ...body, build: "none" }, 400, { code: "INVALID_REQUEST", errors: [{ pointer: "/build" }] }],
    [{ ...body, build: "c1-vocabulary-rollback" }, 400, { code: "INVALID_REQUEST", errors: [{ pointer: "/build" }] }],
    [{ ...body, target: "nowhere" }, 400, { code: "INVALID_REQUEST", errors: [{ pointer: "/target" }] }],
    [{ ...body, target: "other" }, 403, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["target"] }],
    [{ ...body, auth_code: "GBA-C1-NONE" }, 404, { code: "NOT_FOUND" }],
    [
      { ...body, input: { manifest: manifest(11) } },
      422,
      { code: "RUN_INPUT_MISMATCH", errors: [{ pointer: "/bindings/manifest_digest" }] },
    ],
    [
      bound({ schema_digest: `sha256:${"0".repeat(64)}` }),
      422,
      { code: "RUN_INPUT_MISMATCH", errors: [{ pointer: "/bindings/schema_digest" }] },
    ],
    [
      bound({ environment: "production" }),
      403,
      { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["environment"] },
    ],
    [bound({ mode: "commit" }), 403, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["mode"] }],
    [bound({ action_set: ["dot_iu_drop_collection"] }), 403, { mismatched: ["action_set"] }],
    [{ ...body, work_within_seconds: 0 }, 400, { errors: [{ pointer: "/work_within_seconds" }] }],
    [{ ...body, extra: 1 }, 400, { code: "INVALID_REQUEST" }],
  ];
  for (const [given, status, expected] of cases) {
    const answer = await startRun(service, { body: given as never });
    t.match({ ...answer.body, status: answer.status }, { ...expected, status }, JSON.stringify(expected));
  }
  const stranger = await service.call("POST", "/v1/runs", { as: "other-builder", body });
  t.match(stranger.body, { status: 403, code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH" });
  t.same(await rows(service), before, "nothing was written");
  const narrow = await mintGrantFor(service, { action_set: ["staging_consume"] });
  t.match(
    (await startRun(service, { body: narrow })).body,
    { status: 403, mismatched: ["action_set"] },
    "a grant without an action of the build",
  );
});

/** A grant of another shape for the same input, in place of the one that is live. */
async function mintGrantFor(service: InProcess, action: Record<string, unknown>) {
  const { items } = (await service.call("GET", "/v1/grants?status=active", { as: "auditor" })).body as unknown as {
    items: { auth_code: string }[];
  };
  for (const { auth_code } of items) {
    await expectStatus(
      service.call("POST", `/v1/grants/${auth_code}/revoke`, { as: "operator", body: { reason: "Another." } }),
      200,
    );
  }
  const given = { manifest: manifest() };
  const digests = await digestsOf(service, given);
  const authCode = await mintGrant(service, approvalRequest({}, { ...digests, ...action }));
  return {
    idempotency_root: "narrow",
    build: "c1-vocabulary",
    auth_code: authCode,
    bindings: runBindings(digests),
    input: given,
  };
}

t.test("RUN-1 a root stands for one run: the same again is the same, anything else is refused", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service);
  const odd = { ...prepared.body, idempotency_root: "a/b %2F ü ?#&" };
  await expectStatus(startRun(service, { body: odd }), 202);
  const path = `/v1/runs/${encodeURIComponent(odd.idempotency_root)}`;
  const run = await untilRun(service, odd.idempotency_root);
  t.match(run, { status: "succeeded" });
  t.match((await expectStatus(startRun(service, { body: odd }), 200)).body, { status: "succeeded" });
  t.match((await expectStatus(service.call("POST", `${path}/resume`, { as: "c1-builder" }), 200)).body, {
    status: "succeeded",
  });
  t.equal((await service.call("GET", `${path}/events`, { as: "auditor" })).status, 200);
  const other = { ...odd, bindings: { ...(prepared.body["bindings"] as object), plan_revision: "4" } };
  t.match((await startRun(service, { body: other })).body, { status: 409, code: "RUN_CONFLICT" });
  const stranger = await service.call("POST", "/v1/runs", { as: "other-builder", body: odd });
  t.match(stranger.body, { status: 409, code: "RUN_CONFLICT" });
  t.equal((await service.call("POST", `${path}/resume`, { as: "other-builder" })).status, 403);
  t.equal((await service.call("GET", `/v1/runs/${"x".repeat(201)}`, { as: "auditor" })).status, 400);
  const again = await startRun(service, { body: { ...odd, idempotency_root: "another" } });
  t.match(again.body, { status: 409, code: "REJECT_AUTH_ALREADY_CONSUMED" });
});
