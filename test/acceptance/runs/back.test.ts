import pg from "pg";
import t, { type Test } from "tap";
import { approveSovereign, mintActive, sovereignRequest, type TestKey, usableKey } from "../../support/commit.ts";
import { execute, expectStatus } from "../../support/flow.ts";
import {
  digestsOf,
  manifest,
  type Prepared,
  prepareCommit,
  prepareDryRun,
  runBindings,
  startRun,
  type Target,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { type Answer, type InProcess, startService } from "../../support/service.ts";

t.setTimeout(180_000);

const build = "c1-vocabulary-rollback";
type Step = Readonly<Record<string, unknown>>;
const step = (act: string, number: number, changes: Step = {}): Step => ({
  act,
  operation_code: `op.n0000${number}`,
  protocol_version: "1",
  rollback_ref: "DOT_C1_ROLLBACK_CHECK",
  reason: "As approved.",
  ...changes,
});
const successor = (number: number) => ({ successor: { operation_code: `op.n0000${number}`, protocol_version: "1" } });

interface Place {
  readonly target: Target;
  readonly service: InProcess;
  readonly key: TestKey;
  /** A finished build of five values. */
  readonly built: Prepared;
}

async function place(t: Test): Promise<Place> {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const key = await usableKey(service);
  const built = await prepareCommit(service, { manifest: manifest(5) }, { key });
  await expectStatus(startRun(service, built), 202);
  await untilRun(service, built.root);
  return { target, service, key, built };
}

/** The request and the run of a rollback of these steps. */
async function rollback({ service, built }: Place, steps: readonly Step[], changes: Step = {}) {
  const input = { rolls_back: built.root, steps };
  const digests = await digestsOf(service, input, build);
  const action_set = [...new Set(steps.map(({ act }) => `dot_c1_${String(act)}_value`))];
  const action = { ...digests, action_set, rolls_back: built.root, ...changes };
  const request = sovereignRequest({ proposed_action_code: "authorize_rollback" }, action);
  const bindings = runBindings(digests, { mode: "commit", environment: "staging", action_set });
  const run = (authCode: string, root: string) =>
    service.call("POST", `/v1/runs/${built.root}/rollback`, {
      as: "c1-builder",
      body: { idempotency_root: root, auth_code: authCode, bindings, input },
    });
  return { request, run, bindings, input };
}

async function result(service: InProcess, request: ReturnType<typeof sovereignRequest>): Promise<unknown> {
  const answer = await execute(service, await approveSovereign(service, request));
  return answer.body["result"];
}

t.test("RUN-6 a finished run is rolled back by versioned steps, under a grant of its own", async (t) => {
  const here = await place(t);
  const { request, run } = await rollback(here, [step("retire", 0), step("supersede", 1, successor(2))]);
  const { authCode } = await mintActive(here.service, request, here.key);
  await expectStatus(run(authCode, "back-1"), 202);
  const done = await untilRun(here.service, "back-1");
  t.match(done, { status: "succeeded", rolls_back: here.built.root, build, last_ok_state: "S5" });
  const values = () =>
    here.target.query(
      "SELECT operation_code AS code, status, successor_operation_code AS next FROM c1.operation_vocabulary ORDER BY 1",
    );
  t.same((await values()).slice(0, 3), [
    { code: "op.n00000", status: "retired", next: null },
    { code: "op.n00001", status: "superseded", next: "op.n00002" },
    { code: "op.n00002", status: "active", next: null },
  ]);
  t.match(await here.target.query("SELECT act, rollback_ref FROM c1.audit WHERE run_root = 'back-1' ORDER BY act"), [
    { act: "retired", rollback_ref: "DOT_C1_ROLLBACK_CHECK" },
    { act: "superseded", rollback_ref: "DOT_C1_ROLLBACK_CHECK" },
  ]);
  t.match((await run(authCode, "back-2")).body, { code: "REJECT_AUTH_ALREADY_CONSUMED" });

  const back = await rollback(here, [step("restore", 0), step("restore", 1)]);
  const restoring = await mintActive(here.service, back.request, here.key);
  await expectStatus(back.run(restoring.authCode, "back-3"), 202);
  t.match(await untilRun(here.service, "back-3"), { status: "succeeded" });
  t.equal((await values()).filter(({ status }) => status === "active").length, 5);
});

t.test("RUN-6 each rule of admission has its code", async (t) => {
  const { service, built } = await place(t);
  const cases: [Step, string][] = [
    [step("retire", 0, { protocol_version: undefined }), "RBP-1"],
    [step("delete", 0), "RBP-2"],
    [step("truncate", 0), "RBP-2"],
    [step("supersede", 0), "RBP-7"],
    [step("supersede", 0, { successor: { operation_code: "op.n00001" } }), "RBP-7"],
    [step("retire", 0, successor(1)), "RBP-7"],
    [step("supersede", 0, successor(0)), "RBP-8"],
    [step("retire", 0, { rollback_ref: undefined }), "RBP-9"],
    [step("retire", 0, { collection: "public.users" }), "RBP-10"],
  ];
  for (const [bad, code] of cases) {
    const input = { rolls_back: built.root, steps: [step("retire", 3), bad] };
    const asked = await service.call("POST", `/v1/builds/${build}/digests`, { as: "requester", body: { input } });
    t.match(
      asked.body,
      { status: 422, code, step: 1, errors: [{ pointer: "/input/steps/1" }] },
      `${code} at the digests`,
    );
    const body = { ...built.body, build: undefined, idempotency_root: "back", input };
    const started = await service.call("POST", `/v1/runs/${built.root}/rollback`, { as: "c1-builder", body });
    t.match(started.body, { status: 422, code }, `${code} at the start`);
  }
  const twice = { rolls_back: built.root, steps: [step("retire", 0), step("restore", 0)] };
  const answer = await service.call("POST", `/v1/builds/${build}/digests`, { as: "requester", body: { input: twice } });
  t.match(answer.body, { status: 400, errors: [{ pointer: "/input/steps/1" }] });
});

t.test("RUN-6 what only the target knows stops the run before it burns anything", async (t) => {
  const here = await place(t);
  const attempt = async (steps: readonly Step[], root: string) => {
    const { request, run } = await rollback(here, steps);
    const { authCode } = await mintActive(here.service, request, here.key);
    await expectStatus(run(authCode, root), 202);
    const ended = await untilRun(here.service, root);
    await expectStatus(
      here.service.call("POST", `/v1/grants/${authCode}/revoke`, { as: "operator", body: { reason: "Refused." } }),
      200,
    );
    return ended;
  };
  t.match(await attempt([step("retire", 9)], "gone"), { stop_state: "ABORT", error: { code: "RBP-10" } });
  t.match(await attempt([step("supersede", 0, successor(9))], "no-successor"), {
    stop_state: "ABORT",
    error: { code: "RBP-7" },
  });
  await here.target.query("BEGIN; SELECT c1.retire_value('op.n00004', '1', 'r', 'g', 'x', 'y'); COMMIT");
  t.match(await attempt([step("supersede", 0, successor(4))], "retired-successor"), {
    stop_state: "ABORT",
    error: { code: "RBP-8" },
  });
  // One step takes away what another needs: only the transaction itself finds that out, and all of it is undone.
  const { request, run } = await rollback(here, [step("retire", 2), step("supersede", 1, successor(2))]);
  const { authCode } = await mintActive(here.service, request, here.key);
  await expectStatus(run(authCode, "torn"), 202);
  t.match(await untilRun(here.service, "torn"), {
    stop_state: "COMP_ROLLBACK",
    last_ok_state: "S1",
    error: { code: "RBP-8" },
  });
  t.match(await here.target.query("SELECT status FROM c1.operation_vocabulary WHERE operation_code = 'op.n00002'"), [
    { status: "active" },
  ]);
});

t.test("RUN-6 the target holds the rules again, whoever writes", async (t) => {
  const { target } = await place(t);
  const refusal = async (url: string, sql: string): Promise<string | undefined> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(sql);
      return undefined;
    } catch (error) {
      return (error as pg.DatabaseError).constraint;
    } finally {
      await client.end();
    }
  };
  const value = "operation_code = 'op.n00000'";
  const writes: [string, RegExp][] = [
    ["DELETE FROM c1.operation_vocabulary", /^rbp_2/],
    ["TRUNCATE c1.operation_vocabulary CASCADE", /^rbp_2/],
    ["DELETE FROM c1.audit", /^rbp_2/],
    ["UPDATE c1.audit SET act = 'retired'", /^rbp_2/],
    ["DELETE FROM c1.collection", /^rbp_2/],
    [`UPDATE c1.operation_vocabulary SET status = 'retired' WHERE ${value}`, /^rbp_9/],
    [`UPDATE c1.operation_vocabulary SET description = 'other' WHERE ${value}`, /^value_immutable/],
    [`UPDATE c1.operation_vocabulary SET status = 'superseded' WHERE ${value}`, /^rbp_7/],
    [
      `UPDATE c1.operation_vocabulary SET status = 'superseded', successor_operation_code = 'none', successor_protocol_version = '1' WHERE ${value}`,
      /^rbp_7/,
    ],
    [
      `UPDATE c1.operation_vocabulary SET status = 'superseded', successor_operation_code = 'op.n00000', successor_protocol_version = '1' WHERE ${value}`,
      /^rbp_8/,
    ],
    [
      "INSERT INTO c1.operation_vocabulary (operation_code, protocol_version, description, status) VALUES ('z', '1', 'x', 'active')",
      /^rbp_9/,
    ],
    ["SELECT c1.retire_value('op.n00000', NULL, 'r', 'g', 'x', 'y')", /^rbp_1/],
    ["SELECT c1.retire_value('op.n00000', '1', 'r', 'g', NULL, 'y')", /^rbp_9/],
  ];
  for (const [sql, constraint] of writes) {
    t.match(await refusal(target.url, sql), constraint, sql);
    t.match(
      await refusal(target.superUrl, `SET session_replication_role = replica; ${sql}`),
      /^rbp_[1-9]|^value_/,
      `as superuser, replica: ${sql}`,
    );
  }
});

t.test("RUN-6 authorize_rollback mints for a finished run of its scope, and for nothing else", async (t) => {
  const here = await place(t);
  const { service } = here;
  const steps = [step("retire", 0)];
  const asked = async (changes: Step) => result(service, (await rollback(here, steps, changes)).request);
  t.equal(await asked({ rolls_back: "none" }), "FAIL:reject_run_not_on_record");
  t.equal(await asked({ rolls_back: undefined }), "FAIL:reject_payload_rolls_back");
  t.equal(await asked({ action_set: ["dot_iu_create_collection"] }), "FAIL:reject_action_set_not_allowed");
  const dry = await prepareDryRun(service, { manifest: manifest(5) });
  await expectStatus(startRun(service, dry), 202);
  await untilRun(service, dry.root);
  t.equal(await asked({ rolls_back: dry.root }), "FAIL:reject_run_not_finished");
  const building = sovereignRequest(
    {},
    { ...(await digestsOf(service, { manifest: manifest(5) })), rolls_back: here.built.root },
  );
  t.equal(await result(service, building), "FAIL:reject_payload_rolls_back", "a build rolls nothing back");

  const { request, run, bindings, input } = await rollback(here, steps);
  const { authCode } = await mintActive(service, request, here.key);
  const asBuild: Answer = await startRun(service, {
    body: {
      idempotency_root: "x",
      build: "c1-vocabulary",
      auth_code: authCode,
      bindings,
      input: { manifest: manifest(5) },
    },
  });
  t.equal(asBuild.status, 422, "its digest is not that of a manifest");
  const other = await service.call("POST", `/v1/runs/${dry.root}/rollback`, {
    as: "c1-builder",
    body: { idempotency_root: "x", auth_code: authCode, bindings, input },
  });
  t.equal(other.status, 400, "the input names another run than the path");
  await expectStatus(run(authCode, "back"), 202);
  t.match(await untilRun(service, "back"), { status: "succeeded" });
});

t.test("LEASE-4 a run adopts the receipt and the lease of its own consume, with the fence raised", async (t) => {
  const here = await place(t);
  const { service } = here;
  const prepared = await prepareCommit(service, { manifest: manifest(5) }, { key: here.key });
  const consume = {
    ...(prepared.body["bindings"] as object),
    idempotency_root: prepared.root,
    lease: { name: "lego1-c1-build", ttl_seconds: 600 },
  };
  const receipt = await expectStatus(
    service.call("POST", `/v1/grants/${prepared.authCode}/consume`, { as: "c1-builder", body: consume }),
    200,
  );
  const lease = receipt.body["lease"] as unknown as { token: string; fencing_token: number };
  const other = await startRun(service, { body: { ...prepared.body, idempotency_root: "another" } });
  t.match(other.body, { code: "REJECT_AUTH_ALREADY_CONSUMED" }, "by another root it is not adopted");
  await expectStatus(startRun(service, prepared), 202);
  const run = await untilRun(service, prepared.root);
  t.match(run, { status: "succeeded", lease: { fencing_token: lease.fencing_token + 1 } });
  const renew = await service.call("POST", "/v1/leases/lego1-c1-build/renew", {
    as: "c1-builder",
    body: { token: lease.token },
  });
  t.match(renew.body, { status: 403, code: "LEASE_TOKEN_INVALID" }, "the first token is no longer good");

  const bare = await prepareCommit(service, { manifest: manifest(5) }, { key: here.key });
  const { lease: _, ...without } = { ...consume, ...(bare.body["bindings"] as object), idempotency_root: bare.root };
  await expectStatus(
    service.call("POST", `/v1/grants/${bare.authCode}/consume`, { as: "c1-builder", body: without }),
    200,
  );
  await expectStatus(startRun(service, bare), 202);
  t.match(await untilRun(service, bare.root), { status: "succeeded" }, "without a lease it takes one");
});
