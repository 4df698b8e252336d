/**
 * How long a verify, a consume and a mint take while the service does half of what it could: percentiles of the latency,
 * open loop. In each round the most that it can do is measured first (closed loop, 64 connections); then requests arrive at
 * half that rate by a schedule that nothing holds up, and the latency of each counts from when it was due (no coordinated
 * omission). PostgreSQL (fsync on), the service and the load are processes of their own.
 *
 *   node bench/latency.ts [--seconds=20] [--rounds=3] [--share=0.5] [--seed=N] [--only=verify,consume,mint]
 */
import { randomInt } from "node:crypto";
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { makePlace, type Place } from "./growth/place.ts";
import type { Seen } from "./latency/generator.ts";
import { type Generator, prepare, startGenerator, type What } from "./latency/load.ts";
import { arrivals, percentile } from "./latency/schedule.ts";
import { Comparison, figure, inRounds, report, serverVersion, spread } from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const seconds = Number(given("seconds") ?? 20);
const rounds = Number(given("rounds") ?? 3);
const share = Number(given("share") ?? 0.5);
const seed = Number(given("seed") ?? randomInt(2 ** 31));
const asked = (given("only") ?? "verify,consume,mint").split(",") as What[];

/** What the maximum is measured with, and for how long. */
const closed = { connections: 64, seconds: Math.min(5, seconds) };
/** Connections that are open before the first request is due; who finds none free waits, and the waiting counts. */
const openConnections = 256;
const warmUp = { verify: 3_000, consume: 3_000, mint: 500 };
/** In percent; 100 is the slowest of all. */
const percents = [50, 90, 99, 99.9, 100];
/** What is promised at half load, in ms. */
const promised = { percent: 99, ms: 10 };

interface Turn {
  readonly what: What;
  readonly seed: number;
  /** Requests a second: the most that were answered, closed loop, and those that were due. */
  readonly maximum: number;
  readonly due: number;
  readonly requests: number;
  /** By percent, in ms. */
  readonly times: Readonly<Record<string, number>>;
  /** Within how many ms of its time 99 % of the requests left. */
  readonly lateP99: number;
  readonly failures: Readonly<Record<string, number>>;
}

async function maximumOf(place: Place, url: string, generator: Generator, what: What): Promise<number> {
  const ask = async (count: number): Promise<number> => {
    const order = { urls: [url], connections: closed.connections, requests: await prepare(place, what, count), count };
    const seen = await generator.run(order);
    const failed = Object.entries(seen.failures).map(([failure, times]) => `${times} x ${failure}`);
    if (failed.length > 0) throw new Error(`${what} fails at full speed: ${failed.join("; ")}`);
    return count / seen.seconds;
  };
  return ask(Math.ceil((await ask(warmUp[what])) * closed.seconds));
}

async function turn(place: Place, url: string, generator: Generator, round: { what: What; seed: number }) {
  const { what } = round;
  const maximum = await maximumOf(place, url, generator, what);
  const due = arrivals(round.seed, maximum * share, seconds);
  const requests = await prepare(place, what, due.length);
  const seen = await generator.run({ urls: [url], connections: openConnections, requests, count: due.length, due });
  return turnOf({ ...round, maximum, due: maximum * share, requests: due.length }, seen);
}

function turnOf(known: Pick<Turn, "what" | "seed" | "maximum" | "due" | "requests">, seen: Seen): Turn {
  const sorted = seen.times.toSorted();
  const times = Object.fromEntries(percents.map((percent) => [percent, percentile(sorted, percent / 100)]));
  return { ...known, times, lateP99: percentile(seen.late.toSorted(), 0.99), failures: seen.failures };
}

function rowOf(what: What, turns: readonly Turn[]): object {
  const said = (of: (one: Turn) => number): string => {
    const { median, least, most } = spread(turns.map(of));
    return turns.length === 1 ? figure(median) : `${figure(median)} (${figure(least)}-${figure(most)})`;
  };
  const named = percents.map((percent) => [percent === 100 ? "slowest, ms" : `p${percent}, ms`, percent] as const);
  const kept = turns.filter(({ times }) => (times[promised.percent] ?? Number.NaN) < promised.ms).length;
  return {
    what,
    "most a second": said(({ maximum }) => maximum),
    "due a second": said(({ due }) => due),
    ...Object.fromEntries(named.map(([name, percent]) => [name, said(({ times }) => times[percent] ?? Number.NaN)])),
    "left late, p99, ms": said(({ lateP99 }) => lateP99),
    failed: turns.reduce((sum, { failures }) => sum + Object.values(failures).reduce((all, one) => all + one, 0), 0),
    [`p${promised.percent} below ${promised.ms} ms`]: `${kept} of ${turns.length} rounds`,
  };
}

function picture(turns: readonly Turn[]): Comparison {
  const comparison = new Comparison({ own: "", unit: "ms", axis: "percent of the requests are answered within" });
  const what = `latency at ${Math.round(share * 100)} % of the maximum`;
  for (const one of turns)
    for (const at of percents) comparison.add({ what, who: one.what, at, value: one.times[at] ?? Number.NaN });
  return comparison;
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined });
const closing: (() => Promise<void>)[] = [];
try {
  await provision(server);
  console.log(`seed: ${seed}`);
  const place = await makePlace(server, "bench_latency");
  const service = await place.start();
  closing.push(() => service.end());
  const generator = startGenerator();
  closing.push(() => generator.close());
  const turns: Turn[] = [];
  await inRounds(asked, { rounds, warmUps: 0 }, async (what, round) => {
    turns.push(await turn(place, service.url, generator, { what, seed: seed + round }));
  });
  const about = {
    ...(await serverVersion(server.url("postgres"))),
    seed: String(seed),
    rounds: `${rounds}, of ${seconds} s each`,
  };
  const rows = asked.map((asking) => {
    const its = turns.filter(({ what }) => what === asking);
    return rowOf(asking, its);
  });
  const found = { plots: picture(turns).plots(), turns };
  report("latency", about, rows, found);
  const failed = turns.filter(({ failures }) => Object.keys(failures).length > 0);
  for (const { what, failures } of failed) console.error(`${what} was not answered as it should be:`, failures);
  if (failed.length > 0) process.exitCode = 1;
} finally {
  for (const close of closing.toReversed()) await close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
