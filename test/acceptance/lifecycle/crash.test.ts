import t, { type Test } from "tap";
import { type Kill, killAgain, type Relentlessness } from "../../support/crash/again.ts";
import { emptyTarget } from "../../support/crash/databases.ts";
import { type EnactmentEnd, faultsOfEnactment, readRest, type Rest } from "../../support/crash/lifecycle-end.ts";
import { type EnactmentScene, setEnactmentScene } from "../../support/crash/lifecycle-scene.ts";
import { readOptions, secondsSince } from "../../support/crash/options.ts";
import { nameIn } from "../../support/crash/plan-scene.ts";
import { copyScene, endOf, startSurvivor, untilEnded } from "../../support/crash/play.ts";
import { nameOf, type Point, playPoint, playPoints, type Recorded, record } from "../../support/crash/points.ts";
import { allPoints, batchesOf, inLanes, isCommit, pointsAt, transactionOf } from "../../support/crash/sample.ts";
import { scoped } from "../../support/crash/scene.ts";
import type { Statement } from "../../support/crash/statements.ts";
import { ask } from "../../support/runs.ts";

const options = readOptions();
const { full, seed, pick } = options;
const lanes = 2;
/** Points that one process plays. */
const batch = 4;

t.setTimeout(full ? 7_200_000 : 300_000);
t.comment(`seed ${seed}`);

/** Fifty kills of one run, spread over all of its states. */
const relentless: Relentlessness = {
  runs: full ? 8 : 1,
  stages: new Map([
    ["none", { reach: 28, kills: 8 }],
    ["S0", { reach: 30, kills: 10 }],
    ["S1", { reach: 53, kills: 18 }],
    ["S2", { reach: 40, kills: 8 }],
    ["S3", { reach: 34, kills: 6 }],
  ]),
};
const leastKills = 50;

interface Known {
  readonly scene: EnactmentScene;
  readonly recorded: Recorded;
  /** How all that the run is not about stood when it was started. */
  readonly before: Rest;
}

const faultsOf = ({ scene, before }: Known, end: unknown): string[] =>
  faultsOfEnactment(end as EnactmentEnd, scene.prepared.root, before);

t.test("LIFE-6 all 60 are enacted by one run, whatever becomes of the processes that work on it", async (t) => {
  const began = performance.now();
  const scene = await setEnactmentScene(t);
  const before = await readRest(scene.original.superUrl);
  const known: Known = { scene, before, recorded: await record(scene) };
  t.match(before, { units: 98, versions: 105 });
  t.strictSame(faultsOf(known, known.recorded.end), [], "the run that nothing happens to ends as it should");
  t.comment(`${known.recorded.statements.length} statements, recorded in ${secondsSince(began)}`);
  await t.test(`LIFE-6 one run is killed ${leastKills} times at random points`, (t) => again(t, known));
  await t.test("LIFE-6 it is killed before and after its statements", (t) => everywhere(t, known));
  await t.test("LIFE-6 the checks catch an engine that writes its marker apart", (t) => catchNaive(t, known));
  await t.test("LIFE-6 the checks catch each thing that must not be", (t) => catchTampering(t, known));
});

async function again(t: Test, known: Known): Promise<void> {
  const began = performance.now();
  const killed = await killAgain(t, known.scene, relentless, options);
  for (const { kills, end } of killed) {
    t.ok(kills.length >= leastKills, `${kills.length} kills: ${spread(kills)}`);
    t.strictSame(faultsOf(known, end), []);
    t.strictSame(end, known.recorded.end, "it ends as the run that nothing happened to");
  }
  const all = killed.flatMap(({ kills }) => kills);
  t.comment(
    `${killed.length} runs, ${killed.map(({ kills }) => kills.length).join(" + ")} kills at ` +
      `${new Set(all.map((one) => one.text)).size} statements: ${spread(all)}; ${secondsSince(began)}, seed ${seed}`,
  );
}

/** How the kills are spread over the states that were under way, and over the moments of a statement. */
function spread(kills: readonly Kill[]): string {
  const counted = (keys: readonly string[]) =>
    [...new Set(keys)].map((key) => `${keys.filter((one) => one === key).length} ${key}`).join(", ");
  return `${counted(kills.map((one) => `after ${one.state}`))}; ${counted(kills.map((one) => one.moment))}`;
}

const enacts = /fn_iu_enact/;

/** The transaction that enacts: its COMMIT and the call, from all sides; and of everything else a random part. */
function samplePoints(statements: readonly Statement[]): Point[] {
  const enacting = transactionOf(statements, /INSERT INTO countersign_run_marker/);
  const call = enacting.filter(({ text }) => enacts.test(text) || text.endsWith("COMMIT"));
  const others = statements.filter((one) => !call.includes(one));
  const some = Array.from({ length: 3 }, () => pointsAt(pick(others), [pick(["before", "after"] as const)]));
  return [...call.flatMap((one) => pointsAt(one, ["before", "after"])), ...some.flat()];
}

/** Plays the points, and compares each end with that of the run that nothing happened to. */
async function everywhere(t: Test, known: Known): Promise<void> {
  const began = performance.now();
  const { scene, recorded } = known;
  const check = (point: Point, played: PromiseSettledResult<unknown> | undefined): void => {
    if (played?.status !== "fulfilled") return void t.fail(nameOf(point), { reason: String(played?.reason) });
    t.strictSame(faultsOf(known, played.value), [], nameOf(point));
    t.strictSame(played.value, recorded.end, `${nameOf(point)}: the end is the same`);
  };
  const points = full ? allPoints(recorded.statements) : samplePoints(recorded.statements);
  await inLanes(batchesOf(points, batch), lanes, async (several) => {
    const played = await playPoints(scene, several);
    for (const [at, point] of several.entries()) check(point, played[at]);
  });
  // The whole service, killed while the 60 are being enacted, or while what nobody knows the outcome of is on its way.
  const weighty = recorded.statements.filter((one) => isCommit(one) || enacts.test(one.text));
  const alone = full
    ? weighty.flatMap((one) => pointsAt(one, ["before", "during", "after"]))
    : pointsAt(pick(weighty.filter((one) => one.database !== weighty[0]?.database)), ["during"]);
  await inLanes(alone, lanes, async (point) => {
    const [played] = await Promise.allSettled([playPoint(scene, point)]);
    check(point, played);
  });
  t.comment(`${points.length} points and ${alone.length} of the whole service in ${secondsSince(began)}, seed ${seed}`);
}

/** The control: killed between the enactment and its marker, such an engine denies what the target has. */
async function catchNaive(t: Test, known: Known): Promise<void> {
  const { scene, recorded } = known;
  const naive = await record(scene, { naive: true });
  t.strictSame(naive.end, recorded.end, "it does well as long as nothing happens");
  const gaps = naive.statements.filter(
    (statement, at) =>
      isCommit(statement) && naive.statements[at + 2]?.text.includes("INSERT INTO countersign_run_marker"),
  );
  t.equal(gaps.length, 1, "it can be killed between the enactment and its marker");
  const points = gaps.map((statement): Point => ({ statement, moment: "after" }));
  for (const played of await playPoints(scene, points, { naive: true })) {
    const end = played.status === "fulfilled" ? played.value : undefined;
    t.ok(end, "it is taken over");
    t.notSame(end, recorded.end, "and fails the comparison");
    const faults = faultsOf(known, end);
    for (const fault of ["the log has 120 rows", "a version is twice in the log", "60 units, of which 0 are enacted"])
      t.ok(faults.includes(fault), `as ${fault}: it takes back what it denies`);
  }
}

/** What a superuser does to the end of a run, past all guards, and what is said of it. */
const tamperings: readonly (readonly [what: string, sql: string, fault: string])[] = [
  [
    "a version that is enacted twice",
    `DROP INDEX public.iu_lifecycle_log_version_once;
     INSERT INTO public.iu_lifecycle_log (iu_id, uv_id, canonical_address, transition_type, from_status, to_status, actor, run_ref, uv_content_digest)
     SELECT iu_id, uv_id, canonical_address, transition_type, from_status, to_status, actor, run_ref, uv_content_digest FROM public.iu_lifecycle_log LIMIT 1`,
    "a version is twice in the log",
  ],
  [
    "one line less",
    "DELETE FROM public.iu_lifecycle_log WHERE canonical_address = 'ICX-CONST/DIEU-7'",
    "the log has 59 rows",
  ],
  [
    "a line of another run",
    "UPDATE public.iu_lifecycle_log SET run_ref = NULL WHERE canonical_address = 'ICX-CONST/DIEU-7'",
    "a row of the log is not the run's",
  ],
  [
    "a unit that is still a draft",
    "UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE canonical_address = 'ICX-CONST/DIEU-7'",
    "60 units, of which 59 are enacted",
  ],
  [
    "another text under the same version",
    `ALTER TABLE public.unit_version DISABLE TRIGGER ALL; UPDATE public.unit_version SET title = title || ' ' WHERE id = (
       SELECT version_anchor_ref FROM public.information_unit WHERE canonical_address = 'ICX-CONST/DIEU-7')`,
    "something else is another",
  ],
  [
    "one of the others touched",
    `UPDATE public.information_unit SET updated_at = updated_at + interval '1 microsecond'
      WHERE canonical_address = (SELECT min(canonical_address) FROM public.information_unit WHERE canonical_address NOT LIKE 'ICX-CONST/%')`,
    "something else is another",
  ],
  ["another configuration", "UPDATE public.dot_config SET value = value || ' '", "something else is another"],
];

type Control = EnactmentEnd["control"];
const mistakes: readonly (readonly [changes: Partial<Control>, fault: string])[] = [
  [{ consumed_events: 2 }, "the grant was burned 2 times"],
  [{ grant: ["active", false, {}] }, "the grant is active"],
  [{ receipts: null }, "0 receipts"],
  [{ leases: 2 }, "2 leases, 0 held"],
  [{ leases_held: 1 }, "1 leases, 1 held"],
  [{ open_states: 1 }, "a state is open"],
  [{ run: { status: "running", stop_state: null, error: null } }, "the run is running, null: null"],
];

async function catchTampering(t: Test, known: Known): Promise<void> {
  const { scene, recorded } = known;
  const end = recorded.end as EnactmentEnd;
  for (const [changes, fault] of mistakes)
    t.strictSame(faultsOf(known, { ...end, control: { ...end.control, ...changes } }), [fault]);
  await scoped(async (own) => {
    const copy = await copyScene(own, scene);
    await scoped(async (engine) => {
      startSurvivor(engine, copy);
      await untilEnded(copy);
    });
    t.strictSame(faultsOf(known, await endOf(copy)), []);
    for (const [what, sql, fault] of tamperings) {
      const target = await emptyTarget(own, scene.maker, nameIn(copy.target));
      const tables = ["information_unit", "unit_version", "iu_lifecycle_log", "dot_config"];
      const unguarded = tables.map((table) => `ALTER TABLE public.${table} DISABLE TRIGGER USER;`).join(" ");
      await ask(target.superUrl, `${unguarded} ${sql}`);
      t.ok(faultsOf(known, await endOf({ ...copy, target })).includes(fault), `${what}: ${fault}`);
    }
  });
}
