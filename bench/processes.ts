/**
 * What two and four processes of the service on one database do, beside one: verify and consume, 64 connections in all, spread
 * over the processes. All of them run all the time, and those that are asked take turns in rounds; PostgreSQL (fsync on) and
 * the load are processes of their own.
 *
 *   node bench/processes.ts [--rounds=7] [--processes=1,2,4] [--connections=64] [--uses=6000]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { makePlace, type Place } from "./growth/place.ts";
import { type Generator, prepare, startGenerator } from "./latency/load.ts";
import { percentile } from "./latency/schedule.ts";
import type { Compared } from "./support/comparison.ts";
import {
  compare,
  Comparison,
  evidence,
  inRounds,
  ratioText,
  report,
  type Sample,
  serverVersion,
} from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const rounds = Number(given("rounds") ?? 7);
const counts = (given("processes") ?? "1,2,4").split(",").map(Number);
const connections = Number(given("connections") ?? 64);
const uses = Number(given("uses") ?? 6_000);
const questions = ["verify", "consume"] as const;
const who = "this service";

async function measure(place: Place, urls: readonly string[], generator: Generator, what: (typeof questions)[number]) {
  const requests = await prepare(place, what, uses);
  const { seconds, times, failures } = await generator.run({ urls, connections, requests, count: uses });
  const failed = Object.entries(failures).map(([failure, often]) => `${often} x ${failure}`);
  if (failed.length > 0) throw new Error(`${what} fails with ${urls.length} processes: ${failed.join("; ")}`);
  const sorted = times.toSorted();
  const beside = { "p50, ms": percentile(sorted, 0.5), "p99, ms": percentile(sorted, 0.99) };
  return { what, who, at: urls.length, value: uses / seconds, beside };
}

/** Each number of processes to the first: more is better. */
function ratiosToFirst(samples: readonly Sample[]): Compared[] {
  const [first] = counts;
  const values = (what: string, at: number | undefined): number[] =>
    samples.filter((one) => one.what === what && one.at === at).map(({ value }) => value);
  return questions.flatMap((what) =>
    counts
      .filter((at) => at !== first)
      .map((at) => ({ what, at, who, ratio: compare(values(what, at), values(what, first)) })),
  );
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined, settings: { max_connections: "200" } });
const closing: (() => Promise<void>)[] = [];
try {
  await provision(server);
  const place = await makePlace(server, "bench_processes");
  const urls: string[] = [];
  for (let n = 0; n < Math.max(...counts); n += 1) {
    const service = await place.start();
    closing.push(() => service.end());
    urls.push(service.url);
  }
  const generator = startGenerator();
  closing.push(() => generator.close());
  const comparison = new Comparison({ own: who, unit: "a second", axis: "processes" });
  await inRounds(counts, { rounds }, async (count, _round, kept) => {
    for (const what of questions) {
      const sample = await measure(place, urls.slice(0, count), generator, what);
      if (kept) comparison.add(sample);
    }
  });
  const ratios = ratiosToFirst(comparison.samples());
  const rows = comparison.rows().map((row) => {
    const { what, processes, [`${who} to it`]: _, ...figures } = row as Record<string, unknown>;
    const found = ratios.find((one) => one.what === what && one.at === processes);
    return { what, processes, ...figures, [`to ${counts[0]}`]: found === undefined ? "" : ratioText(found.ratio) };
  });
  const about = {
    ...(await serverVersion(server.url("postgres"))),
    rounds: String(rounds),
    connections: `${connections}, over all processes`,
  };
  report("processes", about, rows, { ...evidence(comparison), ratios });
} finally {
  for (const close of closing.toReversed()) await close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
