/**
 * Twice as much as the service can do: what is let in is to be as fast as under four fifths of its capacity, the rest to be
 * refused with 503 and `retry-after`, memory and event loop to stay level, and the service to be back within seconds.
 *
 *   npm run bench -- overload --minutes=10     (one minute unless said; the rest takes two more)
 *
 * PostgreSQL (fsync on), the service and the load are processes of their own. Capacity is measured closed loop, 64 at once;
 * all else open loop: requests arrive as they are due, whether or not the last were answered, and their time counts from
 * when they were due.
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { seed } from "./grants/seed.ts";
import { attend } from "./overload/attendant.ts";
import { pictures } from "./overload/picture.ts";
import { type Generator, makePlace, type Place, startGenerator } from "./overload/place.ts";
import { type Second, totals } from "./overload/tally.ts";
import { judge, type Phases } from "./overload/verdict.ts";
import { report } from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const minutes = Number(given("minutes") ?? 1);
const times = Number(given("times") ?? 2);
const phaseSeconds = { capacity: 10, half: 10, most: 30, after: 15 };
/** One request of ten uses up a grant. */
const shareOfUses = 0.1;

async function phases(place: Place, generator: Generator): Promise<Phases> {
  const asked = await seed(place, 2_000);
  const revocable = await seed(place, Math.ceil(minutes * 60) + 10);
  const common = { url: place.url, token: place.executorToken, asked };
  const closed = async (seconds: number): Promise<readonly Second[]> =>
    generator.run({ ...common, seconds, connections: 64, fresh: await seed(place, 2_000 * seconds) });
  await closed(5);
  const capacity = rateOf(await closed(phaseSeconds.capacity));
  console.log(`capacity: ${Math.round(capacity)} a second`);
  const open = async (seconds: number, share: number) => {
    const rate = capacity * share;
    const uses = Math.min(share, 1.3) * capacity * shareOfUses * seconds;
    const fresh = await seed(place, Math.ceil(uses) + 100);
    return () => generator.run({ ...common, seconds, rate, fresh });
  };
  const [half, most, twice, after] = [
    await open(phaseSeconds.half, 0.5),
    await open(phaseSeconds.most, 0.8),
    await open(Math.ceil(minutes * 60), times),
    await open(phaseSeconds.after, 0.5),
  ];
  const calm = await half();
  const busy = await most();
  const operator = attend(place, revocable);
  const over = await twice();
  const ended = await after();
  const attended = await operator.stop();
  const looks = attended.looks.filter(({ second }) => second < minutes * 60);
  return { capacity, half: calm, most: busy, twice: over, after: ended, attended: { ...attended, looks } };
}

function rateOf(seconds: readonly Second[]): number {
  const whole = seconds.slice(1, -1);
  return totals(whole).admitted / whole.length;
}

function row(phase: string, seconds: readonly Second[]) {
  const all = totals(seconds);
  const aSecond = (count: number): number => Math.round(count / all.seconds);
  return {
    question: phase,
    found:
      `a second: ${aSecond(all.sent)} sent, ${aSecond(all.admitted)} admitted, ${aSecond(all.refused)} refused; ` +
      `admitted p50 ${all.p50.toFixed(1)} ms, p99 ${all.p99.toFixed(1)} ms; refused p99 ${all.refusedP99.toFixed(1)} ms`,
    bound: "",
    holds: "",
  };
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined });
const closing: (() => Promise<void>)[] = [];
try {
  await provision(server);
  const place = await makePlace(server);
  closing.push(() => place.close());
  const generator = startGenerator();
  closing.push(() => generator.close());
  const found = await phases(place, generator);
  const judged = judge(found);
  const rows = [
    row("half of capacity", found.half),
    row("80 % of capacity", found.most),
    row(`${times} times capacity`, found.twice),
    row("half of capacity, after", found.after),
  ];
  const about = { postgresql: "18, fsync on, embedded", capacity: `${Math.round(found.capacity)} a second` };
  report("overload", about, [...rows, ...judged], { plots: pictures(found) });
  if (!judged.every(({ holds }) => holds)) process.exitCode = 1;
} finally {
  for (const close of closing.toReversed()) await close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
