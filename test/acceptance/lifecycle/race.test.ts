import t, { type Test } from "tap";
import { type TestKey, usableKey } from "../../support/commit.ts";
import { eventually } from "../../support/crash/play.ts";
import { expectStatus } from "../../support/flow.ts";
import { holdGate } from "../../support/gate.ts";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import { decide, manifestOf, prepareTransition, rehearseManifest } from "../../support/lifecycle-runs.ts";
import { ask, type RunView, startRun, type Target, untilRun } from "../../support/runs.ts";
import { type InProcess, setStage, type Stage, startService } from "../../support/service.ts";

t.setTimeout(180_000);

/** Two services with one control database and one target. */
interface Place {
  readonly stage: Stage;
  readonly target: Target;
  readonly one: InProcess;
  readonly other: InProcess;
}

async function setPlace(t: Test): Promise<Place> {
  const target = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(target, plan);
  const stage = await setStage(t);
  const options = {
    stage,
    targets: { default: target.url },
    config: { runPollMs: 150, lockTimeoutMs: 20_000, statementTimeoutMs: 30_000 },
  };
  return { stage, target, one: await startService(t, options), other: await startService(t, options) };
}

const addresses = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => `ICX-CONST/DIEU-${from + n}`).sort();

interface Wanted {
  readonly units: readonly string[];
  readonly key: TestKey;
  readonly decision: string;
  /** In production, after a rehearsal; in staging if absent. */
  readonly production?: boolean;
}

async function approve({ one }: Place, { units, key, decision, production = false }: Wanted) {
  const manifest = await manifestOf(one, {
    transition: "enact",
    units: units.map((canonical_address) => ({ canonical_address })),
    review_decision_id: decision,
  });
  if (!production) return prepareTransition(one, manifest, { key });
  const { rehearsal_ref } = await rehearseManifest(one, manifest);
  return prepareTransition(one, manifest, { key, rehearsal: rehearsal_ref ?? "" });
}

interface LogLine {
  readonly canonical_address: string;
  readonly run_ref: string;
}

const logOf = ({ target }: Place): Promise<LogLine[]> =>
  target.query<LogLine>(
    `SELECT canonical_address, run_ref FROM iu_lifecycle_log ORDER BY canonical_address COLLATE "C"`,
  );

const enactedIn = async ({ target }: Place): Promise<string[]> => {
  const rows = await target.query<{ canonical_address: string }>(
    `SELECT canonical_address FROM information_unit u JOIN unit_version v ON v.id = u.version_anchor_ref
      WHERE u.lifecycle_status = 'enacted' AND v.lifecycle_status = 'enacted' ORDER BY 1`,
  );
  return rows.map((row) => row.canonical_address).sort();
};

/** All units of the winner are enacted, by it alone, and of the other's not one. */
async function requireOnly(t: Test, place: Place, units: readonly string[], root: string): Promise<void> {
  t.strictSame(await enactedIn(place), units);
  const log = await logOf(place);
  t.strictSame(log.map((line) => line.canonical_address).sort(), units, "each once");
  t.ok(log.every((line) => line.run_ref === root));
}

const grantOf = async ({ one }: Place, authCode: string): Promise<unknown> =>
  (await one.call("GET", `/v1/grants/${authCode}`, { as: "auditor" })).body["status"];

const refused = { code: "TRANSITION_REFUSED", detail: /^ICX-CONST\/DIEU-11: already_enacted\b.*, and 9 more\.$/ };

/** Two approved runs of twenty units each, ten of which are in both. @param production whose is in production */
async function overlapping(place: Place, production: "mine" | "theirs") {
  const key = await usableKey(place.one);
  const decision = await decide(place.one, "enactment", ["ICX-CONST/*"]);
  const [first, last] = [addresses(1, 20), addresses(11, 30)];
  const mine = await approve(place, { units: first, key, decision, production: production === "mine" });
  const theirs = await approve(place, { units: last, key, decision, production: production === "theirs" });
  return { mine: { ...mine, units: first }, theirs: { ...theirs, units: last } };
}

t.test("LIFE-6 of two runs that overlap, the lease lets one in; the other is refused before and after", async (t) => {
  const place = await setPlace(t);
  const { one, other, target } = place;
  const { mine, theirs } = await overlapping(place, "mine");
  const gate = await holdGate(t, target.superUrl, "LOCK TABLE iu_lifecycle_log IN SHARE MODE");
  await expectStatus(startRun(one, mine), 202);
  await waits(target.superUrl);
  await expectStatus(startRun(other, theirs), 202);
  const held = { status: "stopped", stop_state: "ABORT_NO_LEASE", last_ok_state: "S0", error: { code: "LEASE_HELD" } };
  t.match(await untilRun(other, theirs.root), held, "its dry run passes, and it gets no lease");
  await gate.open();
  t.match(await untilRun(one, mine.root), { status: "succeeded", error: null });
  await expectStatus(startRun(other, theirs), 202);
  const late = { status: "stopped", stop_state: "ABORT", last_ok_state: null, error: refused, lease: null };
  t.match(await untilRun(other, theirs.root), late, "started again, its dry run does not pass any more");
  await requireOnly(t, place, mine.units, mine.root);
  t.equal(await grantOf(place, theirs.authCode), "active", "nothing of it was burned");
});

for (const [where, production, stop, grant] of [
  ["staging", "mine", { stop_state: "COMP_ENACTMENT", last_ok_state: "S1", error: refused }, "consumed"],
  [
    "production",
    "theirs",
    { stop_state: "ABORT_NO_LEASE", last_ok_state: "S0", error: { code: "REHEARSAL_STALE" } },
    "active",
  ],
] as const) {
  t.test(`LIFE-6 a run in ${where} that is overtaken behind its dry run moves none of its units`, async (t) => {
    const place = await setPlace(t);
    const { one, other, target, stage } = place;
    const { mine, theirs } = await overlapping(place, production);
    const reads = await holdGate(
      t,
      target.superUrl,
      "LOCK TABLE cutter_governance.review_decision IN ACCESS EXCLUSIVE MODE",
    );
    await expectStatus(startRun(other, theirs), 202);
    await waits(target.superUrl);
    const row = `SELECT FROM c1_build_run WHERE idempotency_root = '${theirs.root}' FOR UPDATE`;
    const steps = await holdGate(t, stage.names.superUrl, row);
    await reads.open();
    await waits(stage.names.superUrl);
    await expectStatus(startRun(one, mine), 202);
    t.match(await untilRun(one, mine.root), { status: "succeeded", error: null });
    await steps.open();
    const lost = await untilRun(other, theirs.root);
    t.match(lost, { status: "stopped", ...stop });
    await requireOnly(t, place, mine.units, mine.root);
    t.equal(await grantOf(place, theirs.authCode), grant);
  });
}

t.test("LIFE-6 two runs that overlap, started at once: one moves all of its units, the other none", async (t) => {
  const place = await setPlace(t);
  const { one, other, stage } = place;
  const { mine, theirs } = await overlapping(place, "mine");
  await Promise.all([expectStatus(startRun(one, mine), 202), expectStatus(startRun(other, theirs), 202)]);
  const ends: RunView[] = await Promise.all([untilRun(one, mine.root), untilRun(other, theirs.root)]);
  t.strictSame(ends.map((run) => run.status).sort(), ["stopped", "succeeded"]);
  const winner = ends[0]?.status === "succeeded" ? mine : theirs;
  await requireOnly(t, place, winner.units, winner.root);
  const lost = ends.find((run) => run.status === "stopped");
  const codes = ["LEASE_HELD", "TRANSITION_REFUSED", "REHEARSAL_STALE"];
  t.ok(codes.includes(lost?.error?.code ?? ""), JSON.stringify(lost?.error));
  t.strictSame(await count(stage, "SELECT count(*) FROM dot_iu_runtime_lease WHERE released_at IS NULL"), 0);
});

t.test("LIFE-6 RUN-1 twenty starts of one run at once are one run", async (t) => {
  const place = await setPlace(t);
  const { one, other, stage } = place;
  const key = await usableKey(one);
  const decision = await decide(one, "enactment", ["ICX-CONST/*"]);
  const run = await approve(place, { units: addresses(1, 20), key, decision });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => startRun(n % 2 === 0 ? one : other, run)));
  t.strictSame([...new Set(answers.map((answer) => answer.status))], [202], "each is told that it runs");
  t.equal((await untilRun(one, run.root)).status, "succeeded");
  await requireOnly(t, place, addresses(1, 20), run.root);
  t.equal(await count(stage, "SELECT count(*) FROM c1_build_run"), 1);
  t.equal(await count(stage, "SELECT count(*) FROM grant_receipts"), 1);
  t.equal(await count(stage, "SELECT count(*) FROM audit_events WHERE action = 'run.started'"), 1);
});

t.test("LIFE-6 decisions that two services carry at once are in the target once", async (t) => {
  const place = await setPlace(t);
  const { one, other, stage, target } = place;
  const kinds = ["enactment", "supersession", "retirement", "amendment"] as const;
  const gate = await holdGate(
    t,
    target.superUrl,
    "LOCK TABLE cutter_governance.review_decision IN ACCESS EXCLUSIVE MODE",
  );
  const body = { decision: "approve", subjects: ["ICX-CONST/*"], reason: "As it was deliberated." };
  const recorded = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      expectStatus(
        (n % 2 === 0 ? one : other).call("POST", "/v1/review-decisions", {
          as: "council_1",
          body: { ...body, decision_kind: kinds[n % 4] },
        }),
        201,
      ),
    ),
  );
  const ids = recorded.map((answer) => String(answer.body["decision_id"])).sort();
  const asks = [one, other].map((service) =>
    service.call("POST", "/v1/lifecycle/enactments", {
      as: "c1-builder",
      body: { dry_run: true, canonical_address: "ICX-CONST/DIEU-1", review_decision_id: ids[0] },
    }),
  );
  await waits(target.superUrl, 2);
  await gate.open();
  for (const answer of await Promise.all(asks))
    t.match(answer.body, { status: /^(plan_ok|review_decision_wrong_kind)$/ });
  await eventually(
    "all are carried",
    async () => (await count(stage, "SELECT count(*) FROM review_decision_deliveries")) === 12,
  );
  const found = await target.query<{ id: string }>(
    "SELECT id FROM cutter_governance.review_decision WHERE decided_by = 'council_1' ORDER BY id",
  );
  t.strictSame(found.map((row) => row.id).sort(), ids, "one row each");
  const events = "SELECT count(*) FROM audit_events WHERE action = 'review_decision.carried'";
  t.equal(await count(stage, events), 12);
  t.equal(await count(stage, `${events} AND resource_id = '${ids[0]}'`), 1);
});

/** Waits until so many wait for a lock there. */
async function waits(superUrl: string, many = 1): Promise<void> {
  await eventually("somebody waits for the lock", async () => {
    const rows = await ask<{ pid: number }>(
      superUrl,
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0",
    );
    return rows.length >= many;
  });
}

async function count(stage: Stage, query: string): Promise<number> {
  const [row] = await ask<{ count: string }>(stage.names.superUrl, query);
  return Number(row?.count);
}
