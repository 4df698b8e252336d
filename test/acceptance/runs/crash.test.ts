import t, { type Test } from "tap";
import { readOptions, secondsSince } from "../../support/crash/options.ts";
import { nameOf, type Point, playPoint, playPoints, type Recorded, record } from "../../support/crash/points.ts";
import { allPoints, batchesOf, inLanes, isCommit, pointsAt, samplePoints } from "../../support/crash/sample.ts";
import { type Kind, type Scene, setScene } from "../../support/crash/scene.ts";

const options = readOptions();
const { full, seed, pick } = options;
/** How many of the statements that stand for nothing in particular are played. */
const part = { commit: 0.04, "dry-run": 0.02, tally: 0 } as const satisfies Record<Kind, number>;
const lanes = 2;
/** Points that one process plays: each is a kill -9 of its own, and a start of a process less. */
const batch = 8;

t.setTimeout(full ? 7_200_000 : 300_000);
t.comment(`seed ${seed}`);

/** Plays the points two processes at a time, and compares each end with that of the run that nothing happened to. */
async function compare(t: Test, scene: Scene, { statements, end }: Recorded): Promise<void> {
  const began = performance.now();
  const check = (point: Point, played: PromiseSettledResult<unknown> | undefined): void => {
    if (played?.status === "fulfilled") t.strictSame(played.value, end, nameOf(point));
    else t.fail(nameOf(point), { reason: String(played?.reason) });
  };
  const points = full ? allPoints(statements) : samplePoints(statements, part[scene.kind], options);
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
    `${scene.kind}: ${statements.length} statements, ${points.length} points and ${alone.length} of the whole service in ${secondsSince(began)}, seed ${seed}`,
  );
}

t.test("RUN-2 a commit run that is killed at any statement ends as one that was not", async (t) => {
  const scene = await setScene(t, "commit");
  const recorded = await record(scene);
  t.match(
    recorded.end,
    {
      control: {
        run: { status: "succeeded", last_ok_state: "S7", stop_state: null, error: null },
        leases_held: 0,
        receipts: { length: 1 },
        ends: ["run.succeeded"],
        events_gapless: true,
        state_ok_events: ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7"].map((state) => `1 of state ${state}`),
      },
      target: {
        marked: { markers: { length: 5 }, outbox: { length: 5 } },
        c1: { audit: { length: 7 } },
      },
    },
    "the run that nothing happens to ends as it should",
  );
  await compare(t, scene, recorded);
});

t.test("RUN-5 a dry-run that is killed at any statement leaves the target as it was, and one rehearsal", async (t) => {
  const scene = await setScene(t, "dry-run");
  const recorded = await record(scene);
  t.match(recorded.end, {
    control: {
      run: { status: "succeeded", last_ok_state: "S7" },
      leases_held: 0,
      receipts: { length: 1 },
      rehearsals: [[/^sha256:/, true]],
    },
    target: { marked: { markers: null, outbox: null }, c1: "no collection" },
  });
  await compare(t, scene, recorded);
});

t.test("RUN-2 what a state does is done once, also where nothing but the engine sees to it", async (t) => {
  const scene = await setScene(t, "tally");
  const recorded = await record(scene);
  t.match(recorded.end, { target: { tally: tallies({}) } });
  await compare(t, scene, recorded);
  // The control: an engine that writes its markers apart is caught by the very same comparison.
  const naive = await record(scene, { naive: true });
  t.strictSame(naive.end, recorded.end, "an engine that writes its markers apart does well as long as nothing happens");
  const gaps = naive.statements.filter(
    (statement, at) =>
      isCommit(statement) && naive.statements[at + 2]?.text.includes("INSERT INTO countersign_run_marker"),
  );
  t.equal(gaps.length, 3, "it can be killed between each state and its marker");
  const points = gaps.map((statement): Point => ({ statement, moment: "after" }));
  for (const [at, played] of (await playPoints(scene, points, { naive: true })).entries()) {
    const end: unknown = played.status === "fulfilled" ? played.value : played.reason;
    t.notSame(end, recorded.end, "and fails the comparison where it is");
    t.match(end, { target: { tally: tallies({ [`S${at + 2}`]: 2 }) } }, "with an effect that is there twice");
  }
});

function tallies(others: Readonly<Record<string, number>>): { state: string; times: number }[] {
  return ["S2", "S3", "S4"].map((state) => ({ state, times: others[state] ?? 1 }));
}
