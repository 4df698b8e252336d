import t, { type Test } from "tap";
import { approveSovereign, mintActive, sovereignRequest, usableKey } from "../../support/commit.ts";
import { execute, expectStatus } from "../../support/flow.ts";
import { digestsOf, manifest, prepareDryRun, runBindings, startRun, untilRun, useTarget } from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(120_000);

const input = { manifest: manifest(5) };

/** A service with a target, and a rehearsal that has passed there. */
async function rehearsed(t: Test) {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  const prepared = await prepareDryRun(service, input);
  await expectStatus(startRun(service, prepared), 202);
  const run = await untilRun(service, prepared.root);
  const digests = await digestsOf(service, input);
  return { target, service, rehearsal: run.rehearsal_ref ?? "", digests, key: await usableKey(service) };
}

function production(digests: object, rehearsal_ref: string, changes: Record<string, unknown> = {}) {
  return sovereignRequest({}, { ...digests, environment: "production", rehearsal_ref, ...changes });
}

/** The protocol line of an execution that is refused. */
async function refusedMint(service: InProcess, request: ReturnType<typeof sovereignRequest>): Promise<unknown> {
  const answer = await execute(service, await approveSovereign(service, request));
  return answer.status === 422 ? answer.body["result"] : answer.status;
}

t.test(
  "OPEN-1 rehearse, approve what the rehearsal showed, change the target behind its back: REHEARSAL_STALE",
  async (t) => {
    const { target, service, rehearsal, digests, key } = await rehearsed(t);
    const request = production(digests, rehearsal);
    const { authCode } = await mintActive(service, request, key);
    const shown = await expectStatus(
      service.call("GET", `/v1/approval-requests/${request.apr_code}`, { as: "approver_1" }),
      200,
    );
    const rows = (
      shown.body["rehearsal"] as unknown as { content: { delta: { rows: { table: string; inserted: number }[] } } }
    ).content.delta.rows;
    t.equal(rows.find(({ table }) => table === "c1.operation_vocabulary")?.inserted, 5, "approvers see the delta");

    const bindings = runBindings(digests, { mode: "commit", environment: "production" });
    const verify = () => service.call("POST", "/v1/grants/verify", { as: "c1-builder", body: bindings });
    const verifyNamed = () => service.call("POST", `/v1/grants/${authCode}/verify`, { as: "operator", body: bindings });
    const consume = (root: string) =>
      service.call("POST", `/v1/grants/${authCode}/consume`, {
        as: "c1-builder",
        body: { ...bindings, idempotency_root: root },
      });
    await expectStatus(verify(), 200);

    // As the target's owner, outside of any run.
    await target.query("CREATE TABLE elsewhere (a int)");
    await expectStatus(verify(), 200);
    await target.query("CREATE SCHEMA c1");
    for (const attempt of [verify, verifyNamed, () => consume("behind")]) {
      t.match((await expectStatus(attempt(), 409)).body, { code: "REHEARSAL_STALE", rehearsal_ref: rehearsal });
    }
    const body = { idempotency_root: "stale-run", build: "c1-vocabulary", auth_code: authCode, bindings, input };
    await expectStatus(startRun(service, { body }), 202);
    t.match(await untilRun(service, "stale-run"), { status: "stopped", last_ok_state: null });
    const grant = await service.call("GET", `/v1/grants/${authCode}`, { as: "auditor" });
    t.equal(grant.body["status"], "active", "nothing was burned");
    t.equal(await refusedMint(service, production(digests, rehearsal)), "FAIL:REHEARSAL_STALE", "at the mint as well");

    await target.query("DROP SCHEMA c1");
    await expectStatus(verify(), 200);
    await expectStatus(service.call("POST", "/v1/runs/stale-run/resume", { as: "c1-builder" }), 202);
    t.match(await untilRun(service, "stale-run"), { status: "succeeded" });
    t.equal(
      await refusedMint(service, production(digests, rehearsal)),
      "FAIL:REHEARSAL_STALE",
      "the run itself has moved the target",
    );
  },
);

t.test("OPEN-1 a rehearsal of something else, a failed one and none are refused at the mint", async (t) => {
  const { target, service, rehearsal, digests } = await rehearsed(t);
  const other = await digestsOf(service, { manifest: manifest(6) });
  t.equal(await refusedMint(service, production(other, rehearsal)), "FAIL:reject_rehearsal_not_on_record");
  t.equal(
    await refusedMint(service, production(digests, `sha256:${"0".repeat(64)}`)),
    "FAIL:reject_rehearsal_not_on_record",
  );
  t.equal(
    await refusedMint(service, production(digests, rehearsal, { plan_revision: "4" })),
    "FAIL:reject_rehearsal_not_on_record",
  );
  const { rehearsal_ref: _, ...without } = production(digests, rehearsal).proposed_action as Record<string, unknown>;
  t.equal(
    await refusedMint(service, sovereignRequest({ proposed_action: without })),
    "FAIL:reject_payload_rehearsal_ref",
  );

  // A value that stands for something else makes the rehearsal fail; it is on record as failed.
  await target.query(`CREATE FUNCTION tamper() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF to_regclass('c1.operation_vocabulary') IS NOT NULL AND to_regclass('c1.extra') IS NULL THEN
      CREATE INDEX extra ON c1.operation_vocabulary (status);
    END IF; END $$`);
  await target.query(
    "CREATE EVENT TRIGGER tamper ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION tamper()",
  );
  const prepared = await prepareDryRun(service, input);
  await expectStatus(startRun(service, prepared), 202);
  const failed = await untilRun(service, prepared.root);
  t.match(failed, {
    status: "stopped",
    stop_state: "COMP_SCHEMA",
    error: { code: "SCHEMA_DIGEST_MISMATCH" },
    rehearsal: { passed: false },
  });
  await target.query("DROP EVENT TRIGGER tamper");
  t.equal(
    await refusedMint(service, production(digests, failed.rehearsal_ref ?? "")),
    "FAIL:reject_rehearsal_not_on_record",
  );
});

t.test("OPEN-1 a target that does not answer makes nothing stale: nobody has looked", async (t) => {
  const { service, rehearsal, digests, key } = await rehearsed(t);
  const { authCode } = await mintActive(service, production(digests, rehearsal), key);
  const away = await startService(t, {
    stage: service.stage,
    targets: { default: "postgres://nobody@127.0.0.1:1/none" },
  });
  const bindings = runBindings(digests, { mode: "commit", environment: "production" });
  const verify = { as: "c1-builder", body: bindings } as const;
  const answer = await expectStatus(away.call("POST", `/v1/grants/${authCode}/verify`, verify), 503);
  t.match(answer.body, { code: "REHEARSAL_UNSEEN" });
  t.ok(answer.headers.get("retry-after"));
  await expectStatus(service.call("POST", `/v1/grants/${authCode}/verify`, verify), 200);
});
