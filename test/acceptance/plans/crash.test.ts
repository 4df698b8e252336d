import t, { type Test } from "tap";
import { readOptions, secondsSince } from "../../support/crash/options.ts";
import { disagreementsOf, effectOf, type StepEnd } from "../../support/crash/plan-end.ts";
import { type Act, setStepScene } from "../../support/crash/plan-scene.ts";
import { nameOf, type Point, playPoint, playPoints, type Recorded, record } from "../../support/crash/points.ts";
import { allPoints, batchesOf, inLanes, isCommit, pointsAt, transactionOf } from "../../support/crash/sample.ts";
import type { Scene } from "../../support/crash/scene.ts";
import type { Statement } from "../../support/crash/statements.ts";

const { full, seed, random, pick } = readOptions();
const lanes = 2;
/** Points that one process plays; each of them looks at the whole catalog several times. */
const batch = full ? 4 : 8;

t.setTimeout(full ? 7_200_000 : 300_000);
t.comment(`seed ${seed}`);

/** What burns the record, what does the step, and what writes the line. */
const weighty = {
  commit: [/UPDATE os_proposal_approvals/, /INSERT INTO countersign_run_marker/, /INSERT INTO plan_ledger/],
  rollback: [/UPDATE os_proposal_approvals/, /INSERT INTO countersign_run_marker/, /INSERT INTO plan_ledger/],
  rehearsal: [/INSERT INTO rehearsals/],
} as const satisfies Record<Act, readonly RegExp[]>;

/**
 * The COMMITs of what matters, before and after; of their other statements, of the other COMMITs and of all the rest, a
 * random part each.
 */
function samplePoints(act: Act, statements: readonly Statement[]): Point[] {
  const transactions = weighty[act].map((which) => transactionOf(statements, which));
  const commits = transactions.map((one) => one.at(-1));
  return statements.flatMap((statement): Point[] => {
    if (commits.includes(statement)) return pointsAt(statement, ["before", "after"]);
    const matters = transactions.some((one) => one.includes(statement));
    const part = act === "rehearsal" ? 0.005 : matters ? 0.02 : isCommit(statement) ? 0.05 : 0.001;
    return random() < part ? pointsAt(statement, [pick(["before", "after"] as const)]) : [];
  });
}

const title = {
  commit: "PLAN-6 a step that is killed at any statement of its commit is there once, and the ledger says so",
  rollback: "PLAN-6 a step that is killed at any statement of its rollback is gone once, and the ledger says so",
  rehearsal: "PLAN-3 a rehearsal that is killed at any statement leaves the target as it was, and one line",
} as const satisfies Record<Act, string>;
const outcomes = {
  commit: ["rehearsed", "committed"],
  rollback: ["rehearsed", "committed", "rehearsed", "rolled_back"],
  rehearsal: ["rehearsed"],
} as const satisfies Record<Act, readonly string[]>;

const backedUp = {
  commit: ["public.register"],
  rollback: ["public.parcel", "public.register"],
  rehearsal: [],
} as const satisfies Record<Act, readonly string[]>;

function requireWhole(t: Test, act: Act, scene: Scene, { end }: Recorded): void {
  const step = end as StepEnd;
  const { root } = scene.prepared;
  t.match(step.control, {
    run: { status: "succeeded", last_ok_state: "S5", stop_state: null, error: null },
    leases_held: 0,
    record: act === "rehearsal" ? null : { status: "consumed", by: root, burned: 1 },
    ends: ["run.succeeded"],
    events_gapless: true,
  });
  t.strictSame(
    step.control.ledger.map(({ outcome }) => outcome),
    outcomes[act],
  );
  t.equal(effectOf(step), act === "commit" ? "once" : "none");
  t.strictSame(disagreementsOf(step, root), [], "ledger and target agree");
  const found = step.target.backups.filter((one) => one.endsWith(" is what the ledger says"));
  t.strictSame(
    found.map((one) => one.split(" ")[0]),
    backedUp[act],
  );
}

/** Plays the points two processes at a time, and compares each end with that of the run that nothing happened to. */
async function compare(t: Test, act: Act, scene: Scene, { statements, end }: Recorded): Promise<void> {
  const began = performance.now();
  const check = (point: Point, played: PromiseSettledResult<unknown> | undefined): void => {
    if (played?.status === "fulfilled") t.strictSame(played.value, end, nameOf(point));
    else t.fail(nameOf(point), { reason: String(played?.reason) });
  };
  const points = full ? allPoints(statements) : samplePoints(act, statements);
  await inLanes(batchesOf(points, batch), lanes, async (several) => {
    const played = await playPoints(scene, several);
    for (const [at, point] of several.entries()) check(point, played[at]);
  });
  // The whole service, in a process of its own for each of them: of a COMMIT that is on its way, nobody knows the outcome.
  const commits = statements.filter(isCommit).flatMap((one) => pointsAt(one, ["before", "during", "after"]));
  const alone = full ? commits : [pick(commits)];
  await inLanes(alone, lanes, async (point) => {
    const [played] = await Promise.allSettled([playPoint(scene, point)]);
    check(point, played);
  });
  t.comment(
    `${act}: ${statements.length} statements, ${points.length} points and ${alone.length} of the whole service in ${secondsSince(began)}, seed ${seed}`,
  );
}

for (const act of ["commit", "rollback", "rehearsal"] as const) {
  t.test(title[act], async (t) => {
    const scene = await setStepScene(t, act);
    const recorded = await record(scene);
    requireWhole(t, act, scene, recorded);
    await compare(t, act, scene, recorded);
    if (act === "commit") await catchNaive(t, scene, recorded);
  });
}

/** The control: an engine that writes its marker apart from the step is caught by the very same comparison. */
async function catchNaive(t: Test, scene: Scene, recorded: Recorded): Promise<void> {
  const naive = await record(scene, { naive: true });
  t.strictSame(naive.end, recorded.end, "an engine that writes its marker apart does well as long as nothing happens");
  const gaps = naive.statements.filter(
    (statement, at) =>
      isCommit(statement) && naive.statements[at + 2]?.text.includes("INSERT INTO countersign_run_marker"),
  );
  t.equal(gaps.length, 1, "it can be killed between the step and its marker");
  const points = gaps.map((statement): Point => ({ statement, moment: "after" }));
  for (const played of await playPoints(scene, points, { naive: true })) {
    const end = played.status === "fulfilled" ? played.value : undefined;
    t.ok(end, "it is taken over");
    t.notSame(end, recorded.end, "and fails the comparison");
    t.strictSame(
      disagreementsOf(end as StepEnd, scene.prepared.root),
      ["the ledger says none, and the target has it once"],
      "with a ledger that denies what the target has",
    );
  }
}
