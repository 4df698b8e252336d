import { readFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { spawnActor } from "../../support/crash/actors.ts";
import { readOptions } from "../../support/crash/options.ts";
import type { Orders } from "../../support/crash/orders.ts";
import { disagreementsOf, type StepEnd } from "../../support/crash/plan-end.ts";
import { type Act, nameIn, setStepScene } from "../../support/crash/plan-scene.ts";
import { copyScene, type Copy, endOf, eventually, startSurvivor, untilEnded } from "../../support/crash/play.ts";
import { type Recorded, record } from "../../support/crash/points.ts";
import { transactionOf } from "../../support/crash/sample.ts";
import { type Scene, scoped } from "../../support/crash/scene.ts";
import type { Statement } from "../../support/crash/statements.ts";
import type { Spawned } from "../../support/service.ts";

t.setTimeout(240_000);
t.jobs = 2;
const { full } = readOptions();
const leaseSeconds = 2;
const hasty = {
  RUN_LEASE_SECONDS: String(leaseSeconds),
  RUN_POLL_MS: "100",
  SWEEP_INTERVAL_MS: "3600000",
  LOG_LEVEL: "fatal",
};

interface Place {
  readonly where: string;
  /** The statement that the process is stopped after. */
  readonly at: (recorded: Recorded) => Statement | undefined;
  /** Whether its open transaction keeps the next holder waiting until the database ends it. */
  readonly keepsWaiting?: boolean;
}

/** Between the target's COMMIT and the ledger's, in order. */
const places: readonly Place[] = [
  {
    where: "with the step committed in the target",
    at: ({ statements }) => transactionOf(statements, /INSERT INTO countersign_run_marker/).at(-1),
  },
  { where: "with the step verified", at: (recorded) => toTarget(recorded).at(-1) },
  {
    where: "with its line written and not committed",
    at: ({ statements }) => statements.find(({ text }) => /INSERT INTO plan_ledger/.test(text)),
    keepsWaiting: true,
  },
];

function toTarget({ statements }: Recorded): Statement[] {
  return statements.filter(({ database }) => database !== statements[0]?.database);
}

/** The statement as it is found in a copy, whose databases have names of their own. */
function stopAt(
  copy: Copy,
  { statements }: Recorded,
  { number, database, text }: Statement,
): NonNullable<Orders["stop"]> {
  const like = statements.filter((one) => one.database === database && one.text === text && one.number <= number);
  const control = database === statements[0]?.database;
  return { database: control ? copy.stage.names.name : nameIn(copy.target), text, nth: like.length };
}

/** Whether the process is stopped (state T), as the system says. */
function isStopped({ child }: Spawned): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, "utf8"));
}

/** Every row that a process could still change, byte for byte. */
async function everything({ watch, target }: Copy): Promise<string> {
  const { rows } = await watch.query(
    `SELECT (SELECT jsonb_agg(to_jsonb(r)) FROM c1_build_run r) AS runs, (SELECT jsonb_agg(to_jsonb(l)) FROM dot_iu_runtime_lease l) AS leases,
            (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.started_at, s.state) FROM c1_build_run_state s) AS states,
            (SELECT count(*) FROM c1_build_run_event) AS events, (SELECT count(*) FROM audit_events) AS audit,
            (SELECT jsonb_agg(to_jsonb(a)) FROM os_proposal_approvals a) AS records, (SELECT jsonb_agg(to_jsonb(l)) FROM plan_ledger l) AS ledger`,
  );
  const there = await target.query(
    `SELECT (SELECT jsonb_agg(to_jsonb(f)) FROM countersign_fence f) AS fences, (SELECT jsonb_agg(to_jsonb(m)) FROM countersign_run_marker m) AS markers,
            (SELECT jsonb_agg(to_jsonb(r)) FROM public.register r) AS register, to_regclass('public.parcel') AS parcel`,
  );
  return JSON.stringify({ rows, there });
}

async function haunt(t: Test, scene: Scene, recorded: Recorded, at: Statement): Promise<void> {
  await scoped(async (own) => {
    const copy = await copyScene(own, scene);
    const told = path.join(scene.folder, `told-${copy.stage.names.name}`);
    const orders = { record: told, stop: stopAt(copy, recorded, at) };
    const zombie = await spawnActor(own, copy, orders, hasty);
    await eventually("the process is stopped at its point", async () => isStopped(zombie), 30);
    startSurvivor(own, copy, { leaseSeconds, retrySeconds: 60, pollMs: 50 });
    await untilEnded(copy, { seconds: 60 });
    t.strictSame(await endOf(copy), recorded.end, "another takes over, and ends it as if nobody had been stopped");
    const left = await everything(copy);
    t.match(left, /"claim_no":2,/, "it was claimed twice");
    const heard = readFileSync(told, "utf8").length;
    process.kill(zombie.child.pid ?? 0, "SIGCONT");
    const woken = async (): Promise<boolean> => readFileSync(told, "utf8").slice(heard).includes("SKIP LOCKED");
    await eventually("the zombie looks for other work", woken, 30);
    t.equal(await everything(copy), left, "the first one wakes, and writes nothing");
    t.strictSame(disagreementsOf((await endOf(copy)) as StepEnd, scene.prepared.root), []);
  });
}

for (const act of ["commit", "rollback"] as const satisfies readonly Act[]) {
  t.test(`LEASE-2 PLAN-6 a process that is stopped between a ${act} and its line does nothing twice`, async (t) => {
    const scene = await setStepScene(t, act);
    const recorded = await record(scene);
    for (const { where, at, keepsWaiting } of places) {
      if (act === "rollback" && !full && (keepsWaiting === true || where !== places[0]?.where)) continue;
      const statement = at(recorded);
      if (statement === undefined) throw new Error(`there is no point ${where}`);
      await t.test(`LEASE-2 ${where}`, (t) => haunt(t, scene, recorded, statement));
    }
  });
}
