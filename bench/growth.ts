/**
 * What ten thousand, a million and ten million grants with their history cost: one database that grows, beside another that
 * stays at the first size, on one PostgreSQL (fsync on), a process of the service on each, in rounds that take turns. At each
 * size every statement's plan is looked at as it was carried out: the bench fails when one reads a growing table from end to
 * end, or touches more pages than the growth of its indexes explains.
 *
 *   node bench/growth.ts [--sizes=10000,1000000,10000000] [--rounds=5] [--plans-only] [--operations=consume;verify] [--most=3000]
 */
import { chmod, mkdtemp, realpath, rm, statfs } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { type Examined, examine } from "./growth/examine.ts";
import { fill } from "./growth/history.ts";
import { seedLive } from "./growth/live.ts";
import { operations, play } from "./growth/operations.ts";
import { makePlace, type Place, type Running } from "./growth/place.ts";
import { Comparison, evidence, inRounds, report, serverVersion } from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const sizes = (given("sizes") ?? "10000,1000000,10000000").split(",").map(Number);
const rounds = Number(given("rounds") ?? 5);
const plansOnly = process.argv.includes("--plans-only");
const named = given("operations")?.split(";");
const asked = operations.filter(({ name }) => named === undefined || named.includes(name));
/** Live grants beside those that are asked about. */
const standing = 1_000;
/** The most requests of one measurement. */
const most = Number(given("most") ?? 3_000);
const connections = 64;
/** Bytes that a grant takes with all its history and every index, and what the write-ahead log may take besides. */
const grantBytes = 6_000;
const logBytes = 6 * 2 ** 30;

interface Contender {
  readonly who: string;
  readonly place: Place;
  readonly size: number;
}

const words = (size: number): string =>
  size >= 1_000_000 ? `${size / 1_000_000} million` : `${size / 1_000} thousand`;

/** Those of the operations that stood up to growth, asked at full speed of both databases. */
async function time(
  contenders: readonly Contender[],
  sound: readonly (typeof operations)[number][],
  { at, comparison }: { at: number; comparison: Comparison },
): Promise<void> {
  const services = new Map<Contender, Running>();
  try {
    for (const one of contenders) services.set(one, await one.place.start());
    for (const operation of sound) {
      await inRounds(contenders, { rounds }, async (contender, _round, kept) => {
        const { place, size, who } = contender;
        const asks = await operation.asks(place, size, Math.min(most, operation.count));
        const { rate, p50, p99 } = await play(place, services.get(contender)?.url ?? "", connections, asks);
        const beside = { "p50, ms": p50, "p99, ms": p99 };
        if (kept) comparison.add({ what: operation.name, who, at, value: rate, beside });
      });
    }
  } finally {
    for (const service of services.values()) await service.end();
  }
}

function tell(examined: readonly Examined[]): object[] {
  return examined.map(({ operation, size, alone, together, faults }) => ({
    operation,
    grants: size,
    "statements, alone": alone.statements,
    "pages, alone": alone.pages,
    "statements a request, 64 at once": together.statements,
    "pages a request, 64 at once": together.pages,
    "": faults.length === 0 ? "" : "FAULT",
  }));
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const disk = await statfs(dataDir);
const needed = Math.max(...sizes) * grantBytes + logBytes;
if (disk.bavail * disk.bsize < needed) {
  await rm(dataDir, { recursive: true });
  throw new Error(
    `${dataDir} needs ${Math.ceil(needed / 2 ** 30)} GiB of free disk for ${words(Math.max(...sizes))} grants`,
  );
}
const settings = { max_connections: "200", shared_buffers: "2GB", max_wal_size: "4GB", maintenance_work_mem: "512MB" };
const server = await startEmbedded({ dataDir, log: () => undefined, settings });
try {
  await provision(server);
  const grown = await makePlace(server, "bench_growth");
  const kept = await makePlace(server, "bench_kept");
  const first = sizes[0] ?? 10_000;
  await fill(kept.superUrl, 0, first);
  const comparison = new Comparison({ own: "grown", unit: "a second", axis: "grants" });
  const examined: Examined[] = [];
  const filling: Record<string, string> = {};
  let from = 0;
  for (const size of sizes) {
    const { seconds, bytes } = await fill(grown.superUrl, from, size);
    from = size;
    filling[`${words(size)} grants`] = `${Math.round(seconds)} s, ${(bytes / 2 ** 30).toFixed(2)} GiB`;
    console.log(`${words(size)} grants: ${filling[`${words(size)} grants`]}`);
    // Live grants that nobody asks about. They came after the statistics were taken, as they do every morning: the planner does
    // not know of them.
    await seedLive(grown, { size, count: standing, fate: "stays" });
    await seedLive(kept, { size: first, count: standing, fate: "stays" });
    const base = examined.filter((one) => one.size === first);
    const found = await examine(grown, size, asked, {
      logFile: path.join(dataDir, "postgres.log"),
      first: base.length === 0 ? undefined : base,
    });
    examined.push(...found);
    console.table(tell(found));
    for (const { operation, faults } of found) for (const fault of faults) console.log(`FAULT, ${operation}: ${fault}`);
    if (plansOnly) continue;
    const sound = asked.filter(({ name }) => found.every((one) => one.operation !== name || one.faults.length === 0));
    const contenders = [
      { who: "grown", place: grown, size },
      { who: `kept at ${words(first)}`, place: kept, size: first },
    ];
    await time(contenders, sound, { at: size, comparison });
  }
  const about = {
    ...(await serverVersion(server.url("postgres"))),
    ...settings,
    connections: String(connections),
    rounds: String(rounds),
    ...filling,
  };
  const found = { ...evidence(), examined };
  report("growth-plans", about, tell(examined), found);
  if (!plansOnly) report("growth", about, comparison.rows(), evidence(comparison));
  if (examined.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
