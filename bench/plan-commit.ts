/**
 * What it costs to commit a step of a plan under governance, beside the same SQL by hand, in a small schema; and what the
 * fingerprint, the snapshot and such a commit cost where there are 2,000 tables. All on one PostgreSQL, as a user would have
 * it (fsync on), in rounds that take turns.
 *
 *   node bench/plan-commit.ts [--rounds=11] [--wide-rounds=3] [--catalog-rounds=5] [--tables=2000]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type EmbeddedServer, provision, startEmbedded } from "../src/database/embedded/index.ts";
import { carefully, plainly } from "./plan-commit/by-hand.ts";
import { compareCatalog } from "./plan-commit/catalog.ts";
import { type Governed, governed, timed } from "./plan-commit/governed.ts";
import { makePlace, makeTarget, type Place } from "./plan-commit/place.ts";
import { benchStep } from "./plan-commit/step.ts";
import { wideSchema } from "./plan-commit/wide.ts";
import { Comparison, evidence, inRounds, report, serverVersion } from "./support/results.ts";

const given = (name: string, otherwise: number): number => {
  const found = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return found === undefined ? otherwise : Number(found.slice(name.length + 3));
};
const rounds = { small: given("rounds", 11), wide: given("wide-rounds", 3), catalog: given("catalog-rounds", 5) };
const tables = given("tables", 2_000);
const width = { tables, functions: 200, triggers: Math.min(200, tables) };

const own = "governed commit";

/** One way to have the step done. */
interface Way {
  readonly name: string;
  play(round: number): Promise<{ readonly ms: number; readonly governed?: Governed }>;
}

interface Scene {
  /** Of the schema, as it stands in the questions. */
  readonly where: string;
  readonly place: Place;
  readonly plainUrl: string;
  readonly scriptUrl: string;
}

/** Each in a target of its own, with the same step. */
function waysOf({ place, plainUrl, scriptUrl }: Scene): Way[] {
  return [
    {
      name: own,
      async play(round) {
        const took = await governed(place.service, benchStep(round), round);
        return { ms: took.commit, governed: took };
      },
    },
    { name: "by hand: connect, BEGIN, SQL, COMMIT", play: (round) => timed(() => plainly(plainUrl, benchStep(round))) },
    {
      name: "by hand with COPY, evidence and digest",
      play: (round) => timed(() => carefully(scriptUrl, benchStep(round), place.directory, `script-${round}`)),
    },
  ];
}

/** Milliseconds of the three ways, of the states inside the governed one, and of the acts before it. */
async function compareWays(scene: Scene, count: number, comparison: Comparison): Promise<void> {
  await inRounds(waysOf(scene), { rounds: count }, async (way, round, kept) => {
    const { ms, governed: parts } = await way.play(round);
    if (!kept) return;
    comparison.add({ what: `commit of a step, ${scene.where}`, who: way.name, value: ms });
    for (const { name, ms: value } of parts?.states ?? []) {
      comparison.add({ what: `states of the ${own}, ${scene.where}`, who: name, value });
    }
    if (parts === undefined) return;
    const before = { what: `acts before the ${own}, ${scene.where}` };
    comparison.add({ ...before, who: "governed rehearsal", value: parts.rehearsal });
    comparison.add({ ...before, who: "governed approval", value: parts.approval });
  });
}

/** A target for each way, with the same schema. */
async function makeScene(
  server: EmbeddedServer,
  name: string,
  where: string,
  texts: readonly string[],
  places: Place[],
): Promise<Scene> {
  const ours = await makeTarget(server, `${name}_governed`, texts);
  const plainUrl = await makeTarget(server, `${name}_plain`, texts);
  const scriptUrl = await makeTarget(server, `${name}_script`, texts);
  const place = await makePlace(server, name, ours);
  places.push(place);
  return { where, place, plainUrl, scriptUrl };
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined });
const places: Place[] = [];
try {
  await provision(server);
  const commits = new Comparison({ own, unit: "ms" });
  const catalogs = new Comparison({ own: "fingerprint", unit: "ms" });
  for (const [name, where, texts, count] of [
    ["small", "15 tables", [], rounds.small],
    ["wide", `${width.tables} tables`, wideSchema(width), rounds.wide],
  ] as const) {
    const scene = await makeScene(server, name, where, texts, places);
    await compareWays(scene, count, commits);
    await compareCatalog(catalogs, where, scene.plainUrl, rounds.catalog);
  }
  const about = {
    ...(await serverVersion(server.url("postgres"))),
    schema: JSON.stringify(width),
    rounds: JSON.stringify(rounds),
  };
  report("plan-commit", about, [...commits.rows(), ...catalogs.rows()], evidence(commits, catalogs));
} finally {
  for (const place of places) await place.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
