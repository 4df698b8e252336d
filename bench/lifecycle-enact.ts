/**
 * What it costs to enact one unit where there are 158, and where there are a million: time, pages of shared memory, the plan
 * of every statement inside the function, its triggers and its foreign keys; and the same through the service. All on one
 * PostgreSQL, as a user would have it (fsync on), in rounds that take turns. Fails where a million is read as a whole.
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
import { report, spread } from "./support/results.ts";

const many = 1_000_000;
// ICX-CONST has 60 units, and each is enacted once.
const rounds = { call: 41, service: 7 };
const warmUps = { call: 8, service: 2 };

interface Question {
  readonly what: string;
  readonly unit: string;
  readonly digits: number;
  readonly of: (one: Contender) => readonly number[];
}

const questions: readonly Question[] = [
  { what: "dry run", unit: "ms", digits: 2, of: ({ samples }) => samples.dry },
  { what: "enactment", unit: "ms", digits: 2, of: ({ samples }) => samples.real },
  { what: "its COMMIT", unit: "ms", digits: 2, of: ({ samples }) => samples.commit },
  { what: "enactment: pages touched", unit: "pages", digits: 0, of: ({ samples }) => samples.pages },
  {
    what: "service: manifest",
    unit: "ms",
    digits: 1,
    of: ({ samples }) => samples.governed.map((one) => one.manifest),
  },
  { what: "service: run", unit: "ms", digits: 1, of: ({ samples }) => samples.governed.map((one) => one.run) },
];

function rowsOf(all: readonly Contender[], first: Contender): object[] {
  return questions.flatMap(({ what, unit, digits, of }) =>
    all.map((one) => {
      const { median, least, most } = spread(of(one));
      return {
        what,
        where: one.name,
        unit,
        median: Number(median.toFixed(digits)),
        spread: `${least.toFixed(digits)}-${most.toFixed(digits)}`,
        "to 158 units": one === first ? "" : (median / spread(of(first)).median).toFixed(2),
        // Where others use the machine as well, the fastest say more than the middle.
        "least to least": one === first ? "" : (least / spread(of(first)).least).toFixed(2),
      };
    }),
  );
}

/** Rounds of all in turn; who is first changes from one to the next. */
async function turns(
  all: readonly Contender[],
  from: number,
  rest: number,
  warm: number,
  play: typeof called,
): Promise<void> {
  for (let number = 0; number < warm + rest; number += 1) {
    const turn = number % all.length;
    for (const one of [...all.slice(turn), ...all.slice(0, turn)]) await play(one, from + number, number >= warm);
  }
}

/** How its plans read tables, each way with how many statements do. */
function plansOf(name: string, statements: readonly Statement[]): object[] {
  const ways = new Map<string, number>();
  for (const read of statements.flatMap(({ reads }) => reads)) ways.set(read, (ways.get(read) ?? 0) + 1);
  return [...ways].map(([read, count]) => ({ what: `plan: ${read}`, where: name, unit: "nodes", median: count }));
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
  const first = await contender("158 units", small, few, article);
  contenders.push(
    first,
    await contender("1,000,000, the same unit", large, million, article),
    await contender("1,000,000, any of them", large, million, anywhere),
  );
  await turns(contenders, 0, rounds.call, warmUps.call, called);
  const next = rounds.call + warmUps.call;
  await turns(contenders, next, rounds.service, warmUps.service, throughService);
  const rows = rowsOf(contenders, first);
  for (const target of [few, million]) {
    const where = `${target.units} units, ${target.versions} versions`;
    rows.push({ what: "levels of the nine indexes together", where, unit: "levels", median: await levels(target) });
  }
  for (const one of contenders) {
    const call = { address: one.address(next + rounds.service + warmUps.service), decision, dryRun: false };
    const statements = await statementsInside(one.target.superUrl, login, call);
    const whole = statements.flatMap((statement) => statement.whole);
    rows.push({ what: "statements inside that read a table", where: one.name, unit: "", median: statements.length });
    rows.push({ what: "of them all of a table that grows", where: one.name, unit: "", median: whole.length });
    if (one === contenders.at(-1)) rows.push(...plansOf(one.name, statements));
    if (one.target === million && whole.length > 0) process.exitCode = 1;
  }
  report("lifecycle-enact", { postgresql: "18, fsync on, embedded", rounds: JSON.stringify(rounds) }, rows);
} finally {
  for (const { client } of contenders) await client.end();
  for (const place of places) await place.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
