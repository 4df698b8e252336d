/**
 * What it costs to enact one unit where there are 158, and where there are a million: time, pages of shared memory, the plan
 * of every statement inside the function, its triggers and its foreign keys; and the same through the service. All on one
 * PostgreSQL, as a user would have it (fsync on), in rounds that take turns. Fails where a million is read as a whole.
 *
 *   node bench/lifecycle-enact.ts [--rounds=41] [--service-rounds=7] [--units=1000000]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { called, type Contender, contender, throughService } from "./lifecycle-enact/contender.ts";
import { type Statement, statementsInside } from "./lifecycle-enact/inside.ts";
import { type BenchTarget, decision, login, makeTarget } from "./lifecycle-enact/target.ts";
import { makePlace, type Place } from "./plan-commit/place.ts";
import { Comparison, evidence, inRounds, report, serverVersion } from "./support/results.ts";

const given = (name: string, otherwise: number): number => {
  const found = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return found === undefined ? otherwise : Number(found.slice(name.length + 3));
};
const many = given("units", 1_000_000);
const rounds = { call: given("rounds", 41), service: given("service-rounds", 7) };
const warmUps = { call: 8, service: 2 };
/** Each of the units of ICX-CONST is enacted once, and one is left to be looked into. */
const articles = 60;
const needed = rounds.call + rounds.service + warmUps.call + warmUps.service + 1;
if (needed > articles) throw new Error(`${needed} rounds with warm-ups, and there are ${articles} units`);

const ofMany = many.toLocaleString("en");
const own = `${ofMany}, any of them`;

/** Milliseconds, and pages of shared memory. */
interface Compared {
  readonly times: Comparison;
  readonly pages: Comparison;
}

/** One call each, then one unit each through the service; who is first changes from one round to the next. */
async function measure(all: readonly Contender[], { times, pages }: Compared): Promise<void> {
  await inRounds(all, { rounds: rounds.call, warmUps: warmUps.call }, async (one, round, kept) => {
    const { name: who } = one;
    const took = await called(one, round);
    if (!kept) return;
    times.add({ what: "dry run", who, value: took.dry });
    times.add({ what: "enactment", who, value: took.real });
    times.add({ what: "its COMMIT", who, value: took.commit });
    pages.add({ what: "enactment: pages touched", who, value: took.pages });
  });
  const from = rounds.call + warmUps.call;
  await inRounds(all, { rounds: rounds.service, warmUps: warmUps.service }, async (one, round, kept) => {
    const took = await throughService(one, from + round);
    if (!kept) return;
    times.add({ what: "service: manifest", who: one.name, value: took.manifest });
    times.add({ what: "service: run", who: one.name, value: took.run });
  });
}

/** How its plans read tables, each way with how many statements do. */
function plansOf(name: string, statements: readonly Statement[]): object[] {
  const ways = new Map<string, number>();
  for (const read of statements.flatMap(({ reads }) => reads)) ways.set(read, (ways.get(read) ?? 0) + 1);
  return [...ways].map(([read, count]) => ({ what: `plan: ${read}`, who: name, count }));
}

/** Levels of the trees that a call goes down: why a million costs a few pages more. */
async function levels(target: BenchTarget): Promise<number> {
  const client = new pg.Client({ connectionString: target.superUrl });
  await client.connect();
  try {
    await client.query("CREATE EXTENSION IF NOT EXISTS pageinspect");
    const { rows } = await client.query<{ levels: string }>(
      `SELECT sum(m.level + 1) AS levels FROM pg_index i CROSS JOIN LATERAL bt_metap(i.indexrelid::regclass::text) m
        WHERE i.indrelid = ANY (ARRAY['public.information_unit', 'public.unit_version', 'public.iu_lifecycle_log']::regclass[])`,
    );
    return Number(rows[0]?.levels);
  } finally {
    await client.end();
  }
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined });
const places: Place[] = [];
const contenders: Contender[] = [];
try {
  await provision(server);
  const few = await makeTarget(server, "units_few", 158);
  const million = await makeTarget(server, "units_many", many);
  for (const target of [few, million]) places.push(await makePlace(server, target.name, target.url));
  const [small, large] = places as [Place, Place];
  const article = (round: number): string => `ICX-CONST/DIEU-${round}`;
  // The generated units with odd numbers are drafts.
  const anywhere = (round: number): string => `BENCH/U-${1 + 2 * (((round + 1) * 7_919) % (many / 2 - 200))}`;
  contenders.push(
    await contender(own, large, million, anywhere),
    await contender("158 units", small, few, article),
    await contender(`${ofMany}, the same unit`, large, million, article),
  );
  const times = new Comparison({ own, unit: "ms" });
  const pages = new Comparison({ own, unit: "pages" });
  await measure(contenders, { times, pages });
  const rows: object[] = [];
  for (const target of [few, million]) {
    const where = `${target.units} units, ${target.versions} versions`;
    rows.push({ what: "levels of the nine indexes together", who: where, count: await levels(target) });
  }
  for (const one of contenders) {
    const call = { address: one.address(needed - 1), decision, dryRun: false };
    const statements = await statementsInside(one.target.superUrl, login, call);
    const whole = statements.flatMap((statement) => statement.whole);
    rows.push({ what: "statements inside that read a table", who: one.name, count: statements.length });
    rows.push({ what: "of them all of a table that grows", who: one.name, count: whole.length });
    if (one === contenders.at(-1)) rows.push(...plansOf(one.name, statements));
    if (one.target === million && whole.length > 0) process.exitCode = 1;
  }
  const about = { ...(await serverVersion(server.url("postgres"))), rounds: JSON.stringify(rounds) };
  report("lifecycle-enact", about, [...times.rows(), ...pages.rows(), ...rows], evidence(times, pages));
} finally {
  for (const { client } of contenders) await client.end();
  for (const place of places) await place.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
