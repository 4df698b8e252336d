import process from "node:process";
import t, { type Test } from "tap";
import { createDatabase, provision } from "../../../src/database/embedded/index.ts";
import { readOptions, secondsSince } from "../../support/crash/options.ts";
import { copyScene, type End, endOf, eventually, startSurvivor, untilEnded } from "../../support/crash/play.ts";
import { nameOf, type Point, type Recorded, record } from "../../support/crash/points.ts";
import { inLanes, isCommit, pointsAt } from "../../support/crash/sample.ts";
import { type Kind, type Scene, scoped, setScene } from "../../support/crash/scene.ts";
import { type Strike, terminate, watchEngines } from "../../support/crash/strikes.ts";
import { newDataDirectory, postmasterOf, start } from "../../support/data-directory.ts";
import { ask, type Target } from "../../support/runs.ts";

const options = readOptions();
const { full, seed, random, pick } = options;
const rounds = full ? 40 : 1;
const moments = ["before", "during", "after"] as const;

t.setTimeout(full ? 7_200_000 : 300_000);
t.comment(`seed ${seed}`);

/** Every COMMIT of a commit-mode run and a part of the rest, each at one moment; in full, every statement at every moment. */
function cutsOf({ statements }: Recorded, kind: Kind): Point[] {
  return statements.flatMap((statement): Point[] => {
    const always = isCommit(statement) && kind === "commit";
    if (!full && !always && random() >= 0.05) return [];
    return pointsAt(statement, full ? moments : [pick(moments)]);
  });
}

for (const kind of ["commit", "dry-run"] as const) {
  t.test(`OPEN-7 a ${kind} run whose connections are cut at any statement ends as one whose were not`, async (t) => {
    const scene = await setScene(t, kind);
    const recorded = await record(scene);
    const engines = watchEngines();
    t.teardown(() => engines.end());
    const points = cutsOf(recorded, kind);
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
    t.comment(
      `${kind}: ${points.length} of ${recorded.statements.length * 3} cuts in ${secondsSince(began)}, seed ${seed}`,
    );
  });
}

/** A PostgreSQL of the test's own for targets, which is started again when it is killed. */
async function targetServer(t: Test) {
  const dataDir = await newDataDirectory(t);
  const server = await start(t, dataDir);
  await provision(server);
  let made = 0;
  return {
    async target(): Promise<Target> {
      const name = `target_${(made += 1)}`;
      await createDatabase(server, name, "countersign_target");
      const superUrl = server.url(name);
      const url = server.url(name, { user: "countersign_target", password: server.roles.countersign_target });
      return { url, superUrl, query: (text, values) => ask(superUrl, text, values) };
    },
    async kill(): Promise<void> {
      const pid = await postmasterOf(dataDir);
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    },
    async up(): Promise<void> {
      await eventually("the target's PostgreSQL is up", () =>
        ask(server.url("postgres"), "SELECT").then(
          () => true,
          () => false,
        ),
      );
    },
  };
}

type Server = Awaited<ReturnType<typeof targetServer>>;

/** Where the server is killed: at a statement to the target, and in every second round once more a little later. */
function killsOf(server: Server, { statements }: Recorded, round: number): Strike[] {
  const control = statements[0]?.database;
  const { number } = pick(statements.filter(({ database }) => database !== control));
  const numbers = round % 2 === 0 ? [number] : [number, number + 1 + Math.floor(random() * 40)];
  return numbers.map((one) => ({ number: one, moment: pick(moments), strike: () => server.kill() }));
}

function play(server: Server, scene: Scene, strikes: readonly Strike[], retrySeconds: number): Promise<End> {
  const engines = watchEngines();
  return scoped(async (own) => {
    own.teardown(async () => engines.end());
    const copy = await copyScene(own, scene, await server.target());
    engines.expect(copy, strikes);
    startSurvivor(own, copy, { leaseSeconds: 3_600, retrySeconds });
    await untilEnded(copy, { seconds: 60, lapsing: true });
    await server.up();
    return endOf(copy);
  });
}

t.test("RUN-2 a run whose target's PostgreSQL is killed ends as one whose was not", async (t) => {
  const server = await targetServer(t);
  for (const kind of ["commit", "dry-run"] as const) {
    const scene = await setScene(t, kind);
    const recorded = await record(scene, { target: await server.target() });
    const began = performance.now();
    for (let round = 0; round < rounds; round += 1) {
      const strikes = killsOf(server, recorded, round);
      t.strictSame(await play(server, scene, strikes, 30), recorded.end, `killed ${namesOf(strikes)}`);
    }
    t.comment(`${kind}: ${rounds} rounds in ${secondsSince(began)}, seed ${seed}`);
  }
});

t.test("RUN-3 without patience it stops in a named state, with nothing half-done", async (t) => {
  const server = await targetServer(t);
  const scene = await setScene(t, "commit");
  const recorded = await record(scene, { target: await server.target() });
  const stops: Record<string, number> = {};
  for (let round = 0; round < rounds; round += 1) {
    const strikes = killsOf(server, recorded, 0);
    const end = await play(server, scene, strikes, 0);
    const stop = (end.control as Stopped).run.stop_state ?? "none";
    stops[stop] = (stops[stop] ?? 0) + 1;
    if (stop === "none") t.strictSame(end, recorded.end, `killed ${namesOf(strikes)}: done all the same`);
    else t.match(halfDone(end), whole[stop] ?? "a stop state that has a name", `killed ${namesOf(strikes)}: ${stop}`);
  }
  t.comment(`${JSON.stringify(stops)}, seed ${seed}`);
});

function namesOf(strikes: readonly Strike[]): string {
  return strikes.map(({ moment, number }) => `${moment} ${number}`).join(", ");
}

interface Stopped {
  readonly run: { readonly stop_state: string | null };
  readonly grant: readonly [status: string, consumed: boolean, evidence: { run?: { status: string } }];
  readonly leases_held: number;
  readonly open_states: number;
  readonly events_gapless: boolean;
  readonly ends: unknown;
}

/** What may be told of a stopped run, without what depends on the place where it was hit. */
function halfDone({ control, target }: End) {
  const { grant, leases_held, open_states, events_gapless, ends } = control as Stopped;
  const { c1 } = target as { c1: string | { values: string[] | null } };
  const values = typeof c1 === "string" ? [] : (c1.values ?? []);
  // `op.n00000@1 active: 1`
  const statuses = [...new Set(values.map((value) => value.split(" ")[1]))];
  const told = { grant: [grant[0], grant[2].run?.status ?? "no run"], leases_held, open_states, events_gapless, ends };
  return { ...told, values: values.length === 0 ? "none" : `${values.length} ${statuses.join(" and ")}` };
}

const still = { leases_held: 0, open_states: 0, events_gapless: true, ends: ["run.stopped"] };
const burned = { ...still, grant: ["consumed", "stopped"] };
const whole: Readonly<Record<string, unknown>> = {
  ABORT: { ...still, grant: ["active", "no run"], values: "none" },
  COMP_SCHEMA: { ...burned, values: "none" },
  COMP_VALUES: { ...burned, values: /^(none|6 retired:)$/ },
  COMP_EVIDENCE: { ...burned, values: "6 active:" },
};
