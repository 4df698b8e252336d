import { setTimeout as pause } from "node:timers/promises";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { faultsOfFinished } from "../../support/run-remains.ts";
import { manifest, prepareCommit, startRun, type Target, untilRun, useTarget } from "../../support/runs.ts";
import { setStage, type Spawned, type Stage, spawnService, startService } from "../../support/service.ts";

const preload = fileURLToPath(new URL("../../support/kill-point.ts", import.meta.url));
const leaseSeconds = 2;

t.setTimeout(240_000);
t.jobs = 4;

/** Everything that a zombie could still change. */
async function everything(stage: Stage, target: Target, root: string): Promise<string> {
  const { rows: run } = await stage.database.transact((tx) =>
    tx.query(
      `SELECT to_jsonb(r) AS run, (SELECT jsonb_agg(to_jsonb(l)) FROM dot_iu_runtime_lease l) AS leases,
              (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.started_at, s.state) FROM c1_build_run_state s WHERE s.idempotency_root = $1) AS states,
              (SELECT count(*) FROM c1_build_run_event) AS events, (SELECT count(*) FROM audit_events) AS audit,
              (SELECT jsonb_agg(to_jsonb(g)) FROM governance_build_authorization g) AS grants
         FROM c1_build_run r WHERE r.idempotency_root = $1`,
      [root],
    ),
  );
  const there = await target.query(
    `SELECT (SELECT jsonb_agg(to_jsonb(f)) FROM countersign_fence f) AS fence, (SELECT jsonb_agg(to_jsonb(m)) FROM countersign_run_marker m) AS markers,
            (SELECT jsonb_agg(to_jsonb(v)) FROM c1.operation_vocabulary v) AS values, (SELECT jsonb_agg(to_jsonb(a)) FROM c1.audit a) AS audit,
            (SELECT jsonb_agg(to_jsonb(e)) FROM c1.build_evidence e) AS evidence`,
  );
  return JSON.stringify({ run, there });
}

async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let looks = 0; looks < 1_200; looks += 1) {
    if (await holds()) return;
    // not a sleep: the pause between two looks at a condition
    await pause(50);
  }
  throw new Error(`it did not come about: ${what}`);
}

/** Whether the process is stopped (state T), as the system says. */
function isStopped(worker: Spawned): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${worker.child.pid}/status`, "utf8"));
}

interface Haunting {
  readonly title: string;
  readonly orders: object;
  /** Whether its open transaction keeps the next holder waiting until the database ends it. */
  readonly keepsWaiting?: boolean;
}

const marker = "INSERT INTO countersign_run_marker";
const hauntings: readonly Haunting[] = [
  {
    title: "before the state's transaction has the fence",
    orders: { match: "FROM countersign_fence WHERE lease_name", nth: 4, when: "before" },
  },
  {
    title: "in the state's transaction, with the fence, before its marker",
    orders: { match: marker, nth: 3, when: "before" },
    keepsWaiting: true,
  },
  {
    title: "in the state's transaction, with its marker, before the commit",
    orders: { match: marker, nth: 3, when: "after" },
    keepsWaiting: true,
  },
  {
    title: "with the state committed, before it is on record",
    orders: { match: "WITH done AS", nth: 6, when: "before" },
    keepsWaiting: true,
  },
];

async function haunt(t: Test, { orders, keepsWaiting }: Haunting): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "countersign-zombie-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const record = path.join(folder, "statements");
  const stage = await setStage(t);
  const target = await useTarget(t);
  const targets = { default: target.url };
  const front = await startService(t, { stage, targets, config: { runConcurrency: 0 } });
  const prepared = await prepareCommit(front, { manifest: manifest(5) }, { key: await usableKey(front) });
  await expectStatus(startRun(front, prepared), 202);
  const zombie = await spawnService(t, stage, {
    NODE_OPTIONS: `--import=${preload}`,
    KILL_POINT: JSON.stringify({ ...orders, signal: "SIGSTOP", record }),
    TARGETS: JSON.stringify(targets),
    RUN_LEASE_SECONDS: String(leaseSeconds),
    RUN_POLL_MS: "200",
  }).catch(() => undefined);
  if (zombie === undefined) throw new Error("the worker ended before it could be stopped");
  await until(() => isStopped(zombie), "the worker stops at its point");

  await startService(t, {
    stage,
    targets,
    config: { runPollMs: 50, runLeaseSeconds: leaseSeconds, runRetrySeconds: 60 },
  });
  const run = await untilRun(front, prepared.root, undefined, 60);
  t.match(
    run,
    { status: "succeeded", lease: { fencing_token: 2 } },
    "another has finished the run, under a higher fence",
  );
  if (keepsWaiting === true)
    t.ok(
      run.states.some(({ attempts }) => attempts > 1),
      "and was kept waiting, which is on record",
    );
  t.same(await faultsOfFinished(stage, target, prepared, 8), []);

  const before = await everything(stage, target, prepared.root);
  const seen = existsSync(record) ? readFileSync(record, "utf8").length : 0;
  process.kill(zombie.child.pid ?? 0, "SIGCONT");
  await until(
    () => readFileSync(record, "utf8").slice(seen).includes("SKIP LOCKED"),
    "the zombie looks for other work",
  );
  t.equal(
    await everything(stage, target, prepared.root),
    before,
    "it has written nothing, and its heartbeat has renewed nothing",
  );
}

for (const haunting of hauntings) {
  t.test(`OPEN-9 a worker that was stopped ${haunting.title} and is woken writes nothing`, (t) => haunt(t, haunting));
}
