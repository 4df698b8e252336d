/**
 * What it costs to commit a step of a plan under governance, beside the same SQL by hand, in a small schema; and what the
 * fingerprint, the snapshot and such a commit cost where there are 2,000 tables. All on one PostgreSQL, as a user would have
 * it (fsync on), in rounds that take turns.
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { carefully, plainly } from "./plan-commit/by-hand.ts";
import { catalogRows } from "./plan-commit/catalog.ts";
import { governed, type Governed, timed } from "./plan-commit/governed.ts";
import { makePlace, makeTarget, type Place } from "./plan-commit/place.ts";
import { benchStep } from "./plan-commit/step.ts";
import { wideSchema } from "./plan-commit/wide.ts";
import { report, spread } from "./support/results.ts";

const rounds = { small: 11, wide: 3, catalog: 5 };
const width = { tables: 2_000, functions: 200, triggers: 200 };

interface Samples {
  readonly plain: number[];
  readonly script: number[];
  readonly governed: Governed[];
}

/** Rounds of the three ways in turn, each in a target of its own; the first warms up. */
async function turns(place: Place, plainUrl: string, scriptUrl: string, count: number): Promise<Samples> {
  const samples: Samples = { plain: [], script: [], governed: [] };
  for (let round = 0; round <= count; round += 1) {
    const step = benchStep(round);
    const { ms: plain } = await timed(() => plainly(plainUrl, step));
    const { ms: script } = await timed(() => carefully(scriptUrl, step, place.directory, `script-${round}`));
    const ours = await governed(place.service, step, round);
    if (round === 0) continue;
    samples.plain.push(plain);
    samples.script.push(script);
    samples.governed.push(ours);
  }
  return samples;
}

const load = (): string => os.loadavg()[0]?.toFixed(1) ?? "";

function rowsOf(where: string, { plain, script, governed: ours }: Samples): object[] {
  const commit = spread(ours.map((one) => one.commit)).median;
  const row = (what: string, samples: readonly number[], compared = false): object => {
    const { median, least, most } = spread(samples);
    return {
      where,
      what,
      "median, ms": Number(median.toFixed(1)),
      spread: `${least.toFixed(1)}-${most.toFixed(1)}`,
      "governed commit to it": compared ? (commit / median).toFixed(1) : "",
      load: load(),
    };
  };
  const names = ours[0]?.states.map(({ name }) => name) ?? [];
  return [
    row("by hand: connect, BEGIN, SQL, COMMIT", plain, true),
    row("by hand with COPY, evidence and digest", script, true),
    row(
      "governed commit",
      ours.map((one) => one.commit),
    ),
    ...names.map((name, at) =>
      row(
        `  of it ${name}`,
        ours.map(({ states }) => states[at]?.ms ?? 0),
      ),
    ),
    row(
      "governed rehearsal",
      ours.map((one) => one.rehearsal),
    ),
    row(
      "governed approval",
      ours.map((one) => one.approval),
    ),
  ];
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined });
const places: Place[] = [];
try {
  await provision(server);
  const rows: object[] = [];
  for (const [name, texts, count] of [
    ["small", [], rounds.small],
    ["wide", wideSchema(width), rounds.wide],
  ] as const) {
    const [ours, plain, script] = [
      await makeTarget(server, `${name}_governed`, texts),
      await makeTarget(server, `${name}_plain`, texts),
      await makeTarget(server, `${name}_script`, texts),
    ] as const;
    const place = await makePlace(server, name, ours);
    places.push(place);
    const where = name === "small" ? "15 tables" : `${width.tables} tables`;
    rows.push(...rowsOf(where, await turns(place, plain, script, count)));
    rows.push(...(await catalogRows(where, plain, rounds.catalog)));
  }
  report("plan-commit", { postgresql: "18, fsync on, embedded", schema: JSON.stringify(width) }, rows);
} finally {
  for (const place of places) await place.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
