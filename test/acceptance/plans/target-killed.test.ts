import t from "tap";
import { readOptions, secondsSince } from "../../support/crash/options.ts";
import { disagreementsOf, type StepEnd } from "../../support/crash/plan-end.ts";
import { type Act, setStepScene } from "../../support/crash/plan-scene.ts";
import { copyScene, endOf, startSurvivor, untilEnded } from "../../support/crash/play.ts";
import { nameOf, type Point, type Recorded, record } from "../../support/crash/points.ts";
import { inLanes, isCommit, pointsAt, transactionOf } from "../../support/crash/sample.ts";
import { type Scene, scoped } from "../../support/crash/scene.ts";
import { type Strike, terminate, watchEngines } from "../../support/crash/strikes.ts";
import { startTargetServer, type TargetServer } from "../../support/crash/target-server.ts";

const { full, seed, random, pick } = readOptions();
const moments = ["before", "during", "after"] as const;
const acts = ["commit", "rollback"] as const satisfies readonly Act[];

t.setTimeout(full ? 14_400_000 : 300_000);
t.comment(`seed ${seed}`);

/** The statements of the step's own transaction in the target. */
function stepOf({ statements }: Recorded) {
  return transactionOf(statements, /INSERT INTO countersign_run_marker/);
}

/** The step's COMMIT at every moment and a part of the rest at one; in full, every statement at every moment. */
function cutsOf(recorded: Recorded): Point[] {
  const commit = stepOf(recorded).at(-1);
  return recorded.statements.flatMap((statement): Point[] => {
    if (full || statement === commit) return pointsAt(statement, moments);
    return random() < (isCommit(statement) ? 0.1 : 0.005) ? pointsAt(statement, [pick(moments)]) : [];
  });
}

for (const act of acts) {
  t.test(`PLAN-6 a ${act} whose connections are cut at any statement ends as one whose were not`, async (t) => {
    const scene = await setStepScene(t, act);
    const recorded = await record(scene);
    const engines = watchEngines();
    t.teardown(async () => engines.end());
    const points = cutsOf(recorded);
    const began = performance.now();
    await inLanes(points, 2, async (point) => {
      const [played] = await Promise.allSettled([
        scoped(async (own) => {
          const copy = await copyScene(own, scene);
          const { superUrl } = copy.stage.names;
          const { number } = point.statement;
          engines.expect(copy, [{ number, moment: point.moment, strike: (one) => terminate(superUrl, one) }]);
          startSurvivor(own, copy, { leaseSeconds: 3_600 });
          await untilEnded(copy, { lapsing: true });
          return endOf(copy);
        }),
      ]);
      if (played.status === "fulfilled") t.strictSame(played.value, recorded.end, nameOf(point));
      else t.fail(nameOf(point), { reason: String(played.reason) });
    });
    t.comment(`${act}: ${points.length} cuts in ${secondsSince(began)}, seed ${seed}`);
  });
}

/** Where the server is killed: about the step's COMMIT; in full, at every statement to the target. */
function killsOf(recorded: Recorded): Point[] {
  const control = recorded.statements[0]?.database;
  const there = recorded.statements.filter(({ database }) => database !== control);
  if (full) return there.flatMap((statement) => pointsAt(statement, moments));
  const commit = stepOf(recorded).slice(-1);
  return commit.flatMap((statement) => pointsAt(statement, [pick(moments)]));
}

function play(server: TargetServer, scene: Scene, point: Point, retrySeconds: number): Promise<StepEnd> {
  const engines = watchEngines();
  return scoped(async (own) => {
    own.teardown(async () => engines.end());
    const copy = await copyScene(own, scene);
    const strike: Strike = {
      number: point.statement.number,
      moment: point.moment,
      strike: () => server.kill(),
    };
    engines.expect(copy, [strike]);
    startSurvivor(own, copy, { leaseSeconds: 3_600, retrySeconds });
    await untilEnded(copy, { seconds: 60, lapsing: true });
    await server.up();
    return (await endOf(copy)) as StepEnd;
  });
}

for (const act of acts) {
  t.test(`PLAN-6 a ${act} whose target's PostgreSQL is killed`, async (t) => {
    const server = await startTargetServer(t);
    const scene = await setStepScene(t, act, server.make);
    const recorded = await record(scene);
    const points = killsOf(recorded);
    await t.test("PLAN-6 it ends as one whose was not", async (t) => {
      const began = performance.now();
      for (const point of points) {
        t.strictSame(await play(server, scene, point, 30), recorded.end, `killed ${nameOf(point)}`);
      }
      t.comment(`${act}: ${points.length} kills in ${secondsSince(began)}, seed ${seed}`);
    });
    await t.test("PLAN-6 without patience it stops, and the ledger says what the target has", async (t) => {
      const commit = stepOf(recorded).slice(-1);
      const outcomes: Record<string, number> = {};
      for (const point of full ? points : commit.flatMap((statement) => pointsAt(statement, ["after"]))) {
        const end = await play(server, scene, point, 0);
        const outcome = end.control.ledger.at(-1)?.outcome ?? "no line";
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        t.strictSame(disagreementsOf(end, scene.prepared.root), [], `killed ${nameOf(point)}: ${outcome}`);
      }
      t.comment(`${act}: ${JSON.stringify(outcomes)}, seed ${seed}`);
    });
  });
}
