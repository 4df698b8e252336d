import t, { type Test } from "tap";
import { type TestKey, usableKey } from "../../support/commit.ts";
import { approvalRequest, expectStatus, mintGrant } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { throughProxy } from "../../support/proxy.ts";
import { faultsOfFinished } from "../../support/run-remains.ts";
import {
  digestsOf,
  manifest,
  type Prepared,
  prepareCommit,
  prepareDryRun,
  runBindings,
  type RunView,
  startRun,
  type Target,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { type InProcess, startService } from "../../support/service.ts";

t.setTimeout(300_000);

const input = { manifest: manifest(6) };
const config = { runPollMs: 50, runRetrySeconds: 60, lockTimeoutMs: 300, statementTimeoutMs: 1_000 };

interface Place {
  readonly target: Target;
  readonly service: InProcess;
  readonly key: TestKey;
}

async function place(t: Test, options: { url?: (target: Target) => string; config?: object } = {}): Promise<Place> {
  const target = await useTarget(t);
  const url = options.url?.(target) ?? target.url;
  const service = await startService(t, { targets: { default: url }, config: { ...config, ...options.config } });
  return { target, service, key: await usableKey(service) };
}

async function start({ service, key }: Place, given: unknown = input): Promise<Prepared> {
  const prepared = await prepareCommit(service, given, { key });
  await expectStatus(startRun(service, prepared), 202);
  return prepared;
}

interface Retried {
  readonly state: string;
  readonly attempt: number;
  readonly detail: { readonly code: string; readonly detail: string; readonly delay_ms: number };
}

/** The attempts that were tried again, as the run's events have them. */
async function retried(service: InProcess, root: string): Promise<Retried[]> {
  const page = await expectStatus(service.call("GET", `/v1/runs/${root}/events?limit=200`, { as: "auditor" }), 200);
  const items = page.body["items"] as unknown as (Retried & { event: string })[];
  return items.filter(({ event }) => event === "state_retried");
}

const namespaces = (target: Target) => target.query("SELECT FROM pg_namespace WHERE nspname = 'c1'");

/** Has the target do something whenever a table of c1 is made. */
async function onCreate(target: Target, what: string): Promise<() => Promise<unknown>> {
  await target.query(
    `CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN
       IF to_regclass('c1.audit') IS NOT NULL THEN ${what} END IF; END $f$`,
  );
  await target.query(
    "CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.meddle()",
  );
  return () => target.query("ALTER EVENT TRIGGER meddle DISABLE");
}

/** What holds of a run that a target has failed: it says so, its grant is used, its lease is free, nothing half-done is left. */
async function checkFailed(t: Test, { service, target }: Place, prepared: Prepared, run: RunView): Promise<void> {
  t.strictSame(await namespaces(target), [], "nothing half-done");
  const grant = await service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" });
  const { status, stop_state } = run;
  t.match(grant.body, { status: "consumed", evidence: { run: { status, stop_state } } });
  t.match((await service.call("GET", "/v1/leases/lego1-c1-build", { as: "operator" })).body, { status: "released" });
  const events = await retried(service, prepared.root);
  const attempts = run.states.reduce((sum, one) => sum + Math.max(0, one.attempts - 1), 0);
  t.equal(events.length, attempts, "each attempt that was tried again is on record");
  t.ok(events.every(({ detail }) => detail.code === "TARGET_UNAVAILABLE" && detail.delay_ms <= 5_000));
}

t.test("RUN-3 a statement that takes too long is tried again within bounds, then the state is undone", async (t) => {
  const here = await place(t, { config: { statementTimeoutMs: 200, runRetrySeconds: 2 } });
  const mend = await onCreate(here.target, "PERFORM pg_sleep(30);");
  const began = performance.now();
  const prepared = await start(here);
  const run = await untilRun(here.service, prepared.root);
  t.match(run, {
    status: "stopped",
    stop_state: "COMP_SCHEMA",
    last_ok_state: "S1",
    error: { code: "TARGET_UNAVAILABLE", detail: /a statement took too long/ },
  });
  const seconds = (performance.now() - began) / 1_000;
  t.ok(seconds < 20, `two seconds of patience, and the last attempt: ${seconds.toFixed(1)} s`);
  t.ok((run.states[2]?.attempts ?? 0) > 1, "it was tried again");
  await checkFailed(t, here, prepared, run);
  const patient = await startService(t, {
    stage: here.service.stage,
    targets: { default: here.target.url },
    config: { ...config, statementTimeoutMs: 200 },
  });
  await here.service.app.close();
  const next = await start({ ...here, service: patient });
  await untilRun(patient, next.root, (one) => (one.states[2]?.attempts ?? 0) > 1);
  await mend();
  t.match(await untilRun(patient, next.root), { status: "succeeded" }, "it goes on once it can");
  t.match((await retried(patient, next.root))[0], { state: "S2", attempt: 1, detail: { code: "TARGET_UNAVAILABLE" } });
});

t.test("RUN-3 a target that has no connection left is waited for", async (t) => {
  const here = await place(t);
  const [{ name } = { name: "" }] = await here.target.query<{ name: string }>("SELECT current_database() AS name");
  const limit = (most: number) => here.target.query(`ALTER DATABASE ${name} CONNECTION LIMIT ${most}`);
  await limit(0);
  const prepared = await start(here);
  await untilRun(here.service, prepared.root, (run) => (run.states[0]?.attempts ?? 0) > 2);
  await limit(-1);
  t.match(await untilRun(here.service, prepared.root), { status: "succeeded" });
  t.match((await retried(here.service, prepared.root))[0], {
    state: "S0",
    detail: { code: "TARGET_UNAVAILABLE", detail: /connection left/ },
  });
});

t.test("RUN-3 a target that refuses who comes is not asked again, and says why", async (t) => {
  const changed = (change: (url: URL) => void) => (target: Target) => {
    const url = new URL(target.url);
    change(url);
    return url.href;
  };
  const cases: [string, (target: Target) => string, RegExp][] = [
    ["a wrong password", changed((url) => void (url.password = "wrong")), /28P01/],
    ["no such role", changed((url) => void (url.username = "nobody_of_that_name")), /28P01|28000/],
    ["no such database", changed((url) => void (url.pathname = "/no_such_database")), /3D000/],
  ];
  for (const [what, url, said] of cases) {
    const here = await place(t, { url, config: { runRetrySeconds: 2 } });
    const prepared = await start(here);
    const run = await untilRun(here.service, prepared.root, undefined, 90);
    t.match(run, { status: "stopped", stop_state: "ABORT", error: { code: "STATE_FAILED", detail: said } }, what);
    t.equal(run.states[0]?.attempts, 1, `${what}: a refusal is not tried again`);
    t.match((await here.service.call("GET", `/v1/grants/${prepared.authCode}`, { as: "auditor" })).body, {
      status: "active",
    });
    await here.service.app.close();
  }
});

t.test("RUN-3 a role that may not make the schema is told so before anything is burned", async (t) => {
  const here = await place(t);
  const [{ name } = { name: "" }] = await here.target.query<{ name: string }>("SELECT current_database() AS name");
  const first = await prepareDryRun(here.service, input);
  await expectStatus(startRun(here.service, first), 202);
  t.match(await untilRun(here.service, first.root), { status: "succeeded" });
  await here.target.query(`ALTER DATABASE ${name} OWNER TO postgres`);
  const prepared = await start(here);
  const run = await untilRun(here.service, prepared.root);
  t.match(run, {
    status: "stopped",
    stop_state: "ABORT",
    error: { code: "STATE_FAILED", detail: /may not create the schema c1/ },
  });
  t.equal(run.states[0]?.attempts, 1, "a refusal is not tried again");
});

t.test("RUN-3 a target that turns read-only in the middle is a refusal, and all of the state is gone", async (t) => {
  const here = await place(t);
  await onCreate(here.target, "PERFORM set_config('transaction_read_only', 'on', true);");
  const prepared = await start(here);
  const run = await untilRun(here.service, prepared.root);
  t.match(run, { status: "stopped", stop_state: "COMP_SCHEMA", error: { code: "TARGET_READ_ONLY" } });
  t.equal(run.states[2]?.attempts, 1, "a refusal is not tried again");
  await checkFailed(t, here, prepared, run);
});

t.test("RUN-7 while one target is away, the runs of another go on", async (t) => {
  const target = await useTarget(t);
  const targets = { default: "postgres://nobody@127.0.0.1:1/none", well: target.url };
  const service = await startService(t, { targets, config });
  const away = await prepareCommit(service, input);
  await expectStatus(startRun(service, away), 202);
  await untilRun(service, away.root, (run) => (run.states[0]?.attempts ?? 0) > 1);
  const digests = await digestsOf(service, input);
  const environment = "rehearsal-well";
  const authCode = await mintGrant(service, approvalRequest({}, { ...digests, environment }));
  const bindings = runBindings(digests, { environment });
  const well = { idempotency_root: "well", build: "c1-vocabulary", auth_code: authCode, bindings, input };
  await expectStatus(startRun(service, { body: well }), 202);
  t.match(await untilRun(service, "well"), { status: "succeeded", target: "well" });
  t.match(await untilRun(service, away.root, () => true), { status: "running", state: "S0" });
  const began = performance.now();
  await service.app.close();
  t.ok(performance.now() - began < 15_000, "whoever drains leaves the trying to others");
});

t.test(
  "OPEN-7 a target that falls silent in the middle is given up, and the run goes on over another connection",
  async (t) => {
    const target = await useTarget(t);
    const proxy = await throughProxy(t, target.url);
    const service = await startService(t, {
      targets: { default: proxy.url },
      config: { ...config, runLeaseSeconds: 3 },
    });
    const here = { target, service, key: await usableKey(service) };
    // Behind what prepares the target and looks at it: in the middle of a state that writes.
    proxy.fate = (connection) => (connection === 1 ? { sent: 9_000, freezes: true } : {});
    const prepared = await start(here);
    const run = await untilRun(service, prepared.root, undefined, 60);
    t.equal(proxy.cuts, 1, "one connection fell silent");
    t.match(run, { status: "succeeded" });
    t.match((await retried(service, prepared.root))[0], { detail: { code: "TARGET_UNAVAILABLE" } });
    t.same(await faultsOfFinished(service.stage, target, prepared, 8), []);
  },
);

t.test(
  "OPEN-7 a target that falls silent while it is prepared does not hold its runs, or the service, for ever",
  async (t) => {
    const target = await useTarget(t);
    const proxy = await throughProxy(t, target.url);
    const service = await startService(t, {
      targets: { default: proxy.url },
      config: { ...config, runRetrySeconds: 1 },
    });
    const here = { target, service, key: await usableKey(service) };
    // The connection is made, and then nothing is answered any more.
    proxy.fate = () => ({ received: 700, freezes: true });
    const prepared = await start(here);
    t.match(await untilRun(service, prepared.root, undefined, 60), {
      status: "stopped",
      stop_state: "ABORT",
      error: { code: "TARGET_UNAVAILABLE" },
    });
    const began = performance.now();
    await service.app.close();
    t.ok(performance.now() - began < 15_000, "a service that drains is not held up by it");
  },
);

t.test("OPEN-7 a preparation that another one holds up is given up in time", async (t) => {
  const here = await place(t, { config: { runRetrySeconds: 1 } });
  const gate = await holdGate(t, here.target.superUrl, "CREATE TABLE countersign_migrations (id int)");
  const prepared = await start(here);
  t.match(await untilRun(here.service, prepared.root, undefined, 60), {
    status: "stopped",
    stop_state: "ABORT",
    error: { code: "TARGET_UNAVAILABLE" },
  });
  await gate.open();
  await expectStatus(here.service.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder" }), 202);
  t.match(await untilRun(here.service, prepared.root), { status: "succeeded" });
});
