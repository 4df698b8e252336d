import pg from "pg";
import t, { type Test } from "tap";
import { type TestKey, usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import {
  manifest,
  type Prepared,
  prepareCommit,
  type RunView,
  startRun,
  type Target,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(240_000);

interface Place {
  readonly target: Target;
  readonly service: InProcess;
  readonly key: TestKey;
}

async function place(t: Test): Promise<Place> {
  const target = await useTarget(t);
  const service = await startService(t, {
    targets: { default: target.url },
    config: { runPollMs: 50, runRetrySeconds: 0 },
  });
  return { target, service, key: await usableKey(service) };
}

const input = { manifest: manifest(4) };

async function play({ service, key }: Place, prepared?: Prepared): Promise<{ prepared: Prepared; run: RunView }> {
  const made = prepared ?? (await prepareCommit(service, input, { key }));
  await expectStatus(startRun(service, made), 202);
  return { prepared: made, run: await untilRun(service, made.root) };
}

/** Has a superuser of the target do something whenever a table of c1 is made: what the build cannot foresee. */
async function tamper(target: Target, when: string, what: string): Promise<() => Promise<void>> {
  await target.query(`CREATE FUNCTION tamper() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
    IF to_regclass('c1.${when}') IS NOT NULL AND to_regclass('public.tampered') IS NULL THEN CREATE TABLE public.tampered (); ${what} END IF; END $f$`);
  await target.query(
    "CREATE EVENT TRIGGER tamper ON ddl_command_end WHEN TAG IN ('CREATE INDEX', 'CREATE TABLE') EXECUTE FUNCTION tamper()",
  );
  return async () => {
    await target.query("DROP EVENT TRIGGER tamper");
  };
}

/** What holds of every run that has burned its grant and failed. */
async function checkBurned(t: Test, { service }: Place, prepared: Prepared, run: RunView): Promise<void> {
  t.match(
    (await service.call("GET", "/v1/leases/lego1-c1-build", { as: "operator" })).body,
    { status: "released" },
    "the lease is free",
  );
  const grant = await service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" });
  t.match(grant.body, { status: "consumed", evidence: { run: { status: "stopped", stop_state: run.stop_state } } });
  const again = await startRun(service, { body: { ...prepared.body, idempotency_root: `${prepared.root}-again` } });
  t.match(again.body, { status: 409, code: "REJECT_AUTH_ALREADY_CONSUMED" }, "the grant is never armed again");
  const resumed = await service.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder" });
  t.match(resumed.body, { status: 409, code: "RUN_STOPPED" });
}

async function asSuper(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

t.test("RUN-3 S0 fails: ABORT, nothing burned, the same root goes on once it can", async (t) => {
  const here = await place(t);
  await here.target.query("CREATE SCHEMA c1 CREATE TABLE stray (a int)");
  const { prepared, run } = await play(here);
  t.match(run, {
    status: "stopped",
    stop_state: "ABORT",
    last_ok_state: null,
    error: { code: "SCHEMA_DIGEST_MISMATCH" },
  });
  t.match((await here.service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" })).body, {
    status: "active",
  });
  await here.target.query("DROP SCHEMA c1 CASCADE");
  await expectStatus(here.service.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder" }), 202);
  t.match(await untilRun(here.service, prepared.root), { status: "succeeded" });
});

t.test("RUN-3 S1 fails: ABORT_NO_LEASE, the grant is untouched", async (t) => {
  const here = await place(t);
  const lease = { name: "lego1-c1-build", ttl_seconds: 600 };
  const holder = await prepareCommit(here.service, input, { key: here.key });
  const { bindings } = holder.body as { bindings: object };
  const body = { ...bindings, idempotency_root: "somebody", lease };
  const consumed = await expectStatus(
    here.service.call("POST", `/v1/grants/${holder.authCode}/consume`, { as: "c1-builder", body }),
    200,
  );
  const { prepared, run } = await play(here);
  t.match(run, { status: "stopped", stop_state: "ABORT_NO_LEASE", last_ok_state: "S0", error: { code: "LEASE_HELD" } });
  t.match((await here.service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" })).body, {
    status: "active",
  });
  const { token } = consumed.body["lease"] as unknown as { token: string };
  await expectStatus(
    here.service.call("POST", "/v1/leases/lego1-c1-build/release", { as: "c1-builder", body: { token } }),
    200,
  );
  t.match(
    await expectStatus(startRun(here.service, prepared), 202),
    { body: { status: "running" } },
    "sending it again resumes it",
  );
  t.match(await untilRun(here.service, prepared.root), { status: "succeeded" });
});

t.test("RUN-3 S2 fails: COMP_SCHEMA", async (t) => {
  const here = await place(t);
  const mend = await tamper(here.target, "audit", "RAISE EXCEPTION 'not in my database';");
  const { prepared, run } = await play(here);
  t.match(run, { status: "stopped", stop_state: "COMP_SCHEMA", last_ok_state: "S1", error: { code: "STATE_FAILED" } });
  t.match(run.compensations, [{ state: "S2", compensation: "COMP_SCHEMA", status: "ok", detail: { retired: false } }]);
  t.same(await here.target.query("SELECT FROM pg_namespace WHERE nspname = 'c1'"), [], "nothing half-done");
  await checkBurned(t, here, prepared, run);
  await mend();
  t.match((await play(here)).run, { status: "succeeded" });
});

t.test("RUN-3 S3 fails: COMP_SCHEMA retires the collection that S2 has made", async (t) => {
  const here = await place(t);
  await tamper(here.target, "audit", "CREATE INDEX extra ON c1.audit (at);");
  const { prepared, run } = await play(here);
  t.match(run, {
    status: "stopped",
    stop_state: "COMP_SCHEMA",
    last_ok_state: "S2",
    error: { code: "SCHEMA_DIGEST_MISMATCH" },
  });
  t.match(run.compensations, [{ state: "S3", compensation: "COMP_SCHEMA", detail: { retired: true } }]);
  t.match(await here.target.query("SELECT status FROM c1.collection"), [{ status: "retired" }]);
  await checkBurned(t, here, prepared, run);
  await here.target.query("DROP EVENT TRIGGER tamper");
  await here.target.query("DROP INDEX c1.extra");
  t.match((await play(here)).run, { status: "succeeded" });
  t.match(
    await here.target.query("SELECT status FROM c1.collection"),
    [{ status: "active" }],
    "restored, not made again",
  );
});

/** Failures of later states are brought about in the control of what the target accepts: a rule beside the build's own. */
async function withRule(here: Place, table: string, rule: string): Promise<void> {
  await asSuper(
    here.target.superUrl,
    `CREATE FUNCTION public.rule() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${rule} END $f$`,
    // Internal to the catalog's eye: the digest leaves internal triggers out, as those of foreign keys are.
    `CREATE TRIGGER rule BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION public.rule()`,
    `SET allow_system_table_mods = on`,
    `UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'rule'`,
  );
}

t.test("RUN-3 S4 fails: COMP_VALUES, nothing half admitted", async (t) => {
  const here = await place(t);
  await play(here, await prepareCommit(here.service, { manifest: manifest(2) }, { key: here.key }));
  await withRule(
    here,
    "c1.operation_vocabulary",
    "IF NEW.operation_code = 'op.n00003' THEN RAISE EXCEPTION 'not this one' USING ERRCODE = 'check_violation', CONSTRAINT = 'value_rule'; END IF; RETURN NEW;",
  );
  const { prepared, run } = await play(here);
  t.match(run, {
    status: "stopped",
    stop_state: "COMP_VALUES",
    last_ok_state: "S3",
    error: { code: "STATE_FAILED", detail: /not this one/ },
  });
  t.match(run.compensations, [{ state: "S4", compensation: "COMP_VALUES", status: "ok", detail: { retired: 0 } }]);
  t.match(await here.target.query("SELECT count(*)::int AS count FROM c1.operation_vocabulary"), [{ count: 2 }]);
  await checkBurned(t, here, prepared, run);
});

t.test("RUN-3 S5 fails: COMP_VALUES retires what this run admitted and nothing else", async (t) => {
  const here = await place(t);
  await play(
    here,
    await prepareCommit(
      here.service,
      {
        manifest: {
          entries: [{ operation_code: "other", protocol_version: "1", description: "Not of this manifest." }],
        },
      },
      { key: here.key },
    ),
  );
  const { prepared, run } = await play(here);
  t.match(run, {
    status: "stopped",
    stop_state: "COMP_VALUES",
    last_ok_state: "S4",
    error: { code: "MANIFEST_DIGEST_MISMATCH" },
  });
  t.match(run.compensations, [{ state: "S5", compensation: "COMP_VALUES", detail: { retired: 4 } }]);
  t.match(
    await here.target.query("SELECT operation_code AS code FROM c1.operation_vocabulary WHERE status = 'active'"),
    [{ code: "other" }],
  );
  await checkBurned(t, here, prepared, run);
});

t.test("RUN-3 RUN-4 S6 fails: COMP_EVIDENCE records the failure artifact", async (t) => {
  const here = await place(t);
  await play(here, await prepareCommit(here.service, { manifest: manifest(2) }, { key: here.key }));
  await withRule(
    here,
    "c1.build_evidence",
    "IF NEW.kind = 'evidence' THEN RAISE EXCEPTION 'no evidence today' USING ERRCODE = 'check_violation', CONSTRAINT = 'value_rule'; END IF; RETURN NEW;",
  );
  const { prepared, run } = await play(here);
  t.match(run, { status: "stopped", stop_state: "COMP_EVIDENCE", last_ok_state: "S5" });
  t.match(run.compensations, [{ state: "S6", compensation: "COMP_EVIDENCE", detail: { recorded: true } }]);
  t.match(await here.target.query("SELECT kind FROM c1.build_evidence WHERE run_root = $1", [prepared.root]), [
    { kind: "failure" },
  ]);
  await checkBurned(t, here, prepared, run);
});

t.test("RUN-3 S7 fails: COMP_FINALIZE frees the lease", async (t) => {
  const here = await place(t);
  const { superUrl } = here.service.stage.names;
  await asSuper(
    superUrl,
    `CREATE FUNCTION no_success() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
       IF NEW.status = 'succeeded' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $f$`,
    "CREATE TRIGGER no_success BEFORE UPDATE ON c1_build_run FOR EACH ROW EXECUTE FUNCTION no_success()",
  );
  const { prepared, run } = await play(here);
  t.match(run, { status: "stopped", stop_state: "COMP_FINALIZE", last_ok_state: "S6", compensations: [] });
  await checkBurned(t, here, prepared, run);
});
