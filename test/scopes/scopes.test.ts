import t from "tap";
import { approveSovereign, mintDraft, sovereignRequest } from "../support/commit.ts";
import { execute, expectStatus } from "../support/flow.ts";
import { startService } from "../support/service.ts";

const scope = {
  carrier: "C2",
  namespace: "PROD-NS",
  axis: "dot:c2:vocab",
  target: "DOT_C2_VOCAB_BUILD",
  environment: "staging",
  database: "default",
  allowed_action_sets: [["dot_iu_create_collection", "staging_consume"], ["retire_piece"]],
  lease_name: "lego1-c2-build",
  rehearsal_required: false,
};

t.test("RUN-7 the registry ships the scopes of the contract, two for each target", async (t) => {
  const service = await startService(t);
  const { body } = await expectStatus(service.call("GET", "/v1/scopes", { as: "requester" }), 200);
  const all = body["items"] as unknown as Record<string, unknown>[];
  const shipped = all.filter((one) => one["carrier"] === "C1");
  t.same(Object.fromEntries(shipped.map((one) => [one["environment"], one["rehearsal_required"]])), {
    production: true,
    staging: false,
  });
  t.equal(shipped.length, 2);
  for (const one of shipped) {
    t.match(one, {
      namespace: "PROD-NS",
      axis: "dot:c1:vocab",
      target: "DOT_C1_VOCAB_BUILD",
      database: "default",
      lease_name: "lego1-c1-build",
      status: "active",
    });
  }
  const lifecycle = all.filter((one) => one["carrier"] === "IU");
  t.equal(all.length, shipped.length + lifecycle.length);
  t.same(
    lifecycle
      .map((one) => `${String(one["target"])} ${String(one["environment"])} ${String(one["rehearsal_required"])}`)
      .toSorted(),
    ["ENACT", "RETIRE", "SUPERSEDE"].flatMap((act) => [
      `IU_LIFECYCLE_${act} production true`,
      `IU_LIFECYCLE_${act} staging false`,
    ]),
  );
  for (const one of lifecycle) {
    t.match(one, { namespace: "PROD-NS", axis: "dot:iu:lifecycle", lease_name: "iu-lifecycle", status: "active" });
  }
});

t.test("RUN-7 a scope is registered once, never changes, and is retired for good", async (t) => {
  const service = await startService(t);
  const register = (body: unknown) => service.call("POST", "/v1/scopes", { as: "admin", body });
  const made = await expectStatus(register(scope), 201);
  t.match(made.body, { ...scope, status: "active", created_by: "admin" });
  t.same((await expectStatus(register(scope), 200)).body, made.body, "the same again");
  const other = await register({ ...scope, lease_name: "another" });
  t.match(
    { ...other.body, status: other.status },
    { status: 409, code: "SCOPE_CONFLICT", scope_id: made.body["scope_id"] },
  );

  const authCode = await mintDraft(service, inC2());
  t.equal(authCode.split("-")[1], "C2");
  const retire = () => service.call("POST", `/v1/scopes/${String(made.body["scope_id"])}/retire`, { as: "admin" });
  const retired = await expectStatus(retire(), 200);
  t.match(retired.body, { status: "retired", retired_by: "admin" });
  t.same((await expectStatus(retire(), 200)).body, retired.body, "retiring again answers the first time");
  t.match((await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" })).body, { status: "draft" });
  t.match((await execute(service, await approveSovereign(service, inC2()))).body, {
    result: "FAIL:reject_scope_not_registered",
  });
  t.match((await expectStatus(register({ ...scope, lease_name: "another" }), 201)).body, { lease_name: "another" });

  const events = await service.call("GET", "/v1/audit/events?resource_type=scope", { as: "auditor" });
  t.same(
    (events.body["items"] as unknown as { action: string }[]).map((one) => one.action),
    ["scope.registered", "scope.retired", "scope.registered"],
  );
  const listed = await service.call("GET", "/v1/scopes?status=active&carrier=C2&limit=1", { as: "auditor" });
  t.equal((listed.body["items"] as unknown as unknown[]).length, 1);
});

/** A request in the scope of this file. */
function inC2(action: Record<string, unknown> = {}) {
  const { carrier, namespace, axis, target, environment } = scope;
  return sovereignRequest({}, { carrier, namespace, axis, target, environment, ...action });
}

t.test("RUN-7 what is wrong with a scope is said, with its place, and nothing is stored", async (t) => {
  const service = await startService(t);
  const cases: [Record<string, unknown>, string][] = [
    [{ carrier: "C-2" }, "/carrier"],
    [{ carrier: "" }, "/carrier"],
    [{ namespace: " x" }, "/namespace"],
    [{ environment: "" }, "/environment"],
    [{ database: "elsewhere" }, "/database"],
    [{ database: "No" }, "/database"],
    [{ allowed_action_sets: [] }, "/allowed_action_sets"],
    [{ allowed_action_sets: [[]] }, "/allowed_action_sets/0"],
    [{ allowed_action_sets: ["a"] }, "/allowed_action_sets/0"],
    [{ lease_name: "UPPER" }, "/lease_name"],
    [{ rehearsal_required: "false" }, "/rehearsal_required"],
    [{ more: 1 }, "/more"],
  ];
  for (const [change, pointer] of cases) {
    const answer = await service.call("POST", "/v1/scopes", { as: "admin", body: { ...scope, ...change } });
    t.match({ ...answer.body, status: answer.status }, { status: 400, code: "INVALID_REQUEST" }, pointer);
    t.ok(
      (answer.body["errors"] as unknown as { pointer: string }[]).some((error) => error.pointer === pointer),
      `${pointer}: ${answer.text}`,
    );
  }
  for (const name of Object.keys(scope)) {
    const { [name as "carrier"]: _, ...rest } = scope;
    t.equal((await service.call("POST", "/v1/scopes", { as: "admin", body: rest })).status, 400, `without ${name}`);
  }
  t.equal((await service.call("POST", "/v1/scopes/0/retire", { as: "admin" })).status, 400);
  t.equal((await service.call("POST", "/v1/scopes/999/retire", { as: "admin" })).status, 404);
  const { body } = await service.call("GET", "/v1/scopes?carrier=C2", { as: "admin" });
  t.same(body["items"], []);
});

t.test("RUN-7 of many who register one scope at once, one makes it and all are answered alike", async (t) => {
  const service = await startService(t);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => service.call("POST", "/v1/scopes", { as: "admin", body: scope })),
  );
  t.equal(answers.filter((one) => one.status === 201).length, 1);
  t.equal(answers.filter((one) => one.status === 200).length, 19);
  t.equal(new Set(answers.map((one) => one.text)).size, 1);
});

t.test("MINT-2 codes of two carriers and of two modes cannot collide", async (t) => {
  const service = await startService(t);
  await expectStatus(service.call("POST", "/v1/scopes", { as: "admin", body: { ...scope, carrier: "C1_A" } }), 201);
  const first = await mintDraft(service, inC2({ carrier: "C1_A" }));
  t.match(first, /^GBA-C1_A-/);
  // The carrier ends at the second hyphen whatever the request is called.
  const second = await mintDraft(service, sovereignRequest({ apr_code: "A-B" }));
  t.equal(second, "GBA-C1-A-B");
});
