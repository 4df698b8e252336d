/**
 * Verify and consume over HTTP, beside the same work done by bare PostgreSQL a row at a time and beside a bare Fastify that
 * answers without a database. One PostgreSQL for all (fsync on), the service as a process of its own, in rounds that take
 * turns; `--other=<checkout>` adds the service of another checkout to the same rounds.
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { provision, startEmbedded } from "../src/database/embedded/index.ts";
import { type Load, overHttp } from "./grants/load.ts";
import { end, makePlace, type Place, startProcess } from "./grants/place.ts";
import { consumeRaw } from "./grants/raw.ts";
import { bindingsOf, seed } from "./grants/seed.ts";
import { report, spread } from "./support/results.ts";

/** Requests of one measurement, by connections. */
const requests = (atOnce: number): number => (atOnce === 1 ? 400 : atOnce === 8 ? 2_000 : 6_000);

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const other = given("other");
const rounds = Number(given("rounds") ?? 5);
const connections = (given("connections") ?? "1,8,64,256").split(",").map(Number);

interface Contender {
  readonly name: string;
  readonly consume?: (atOnce: number, codes: readonly string[]) => Promise<Load>;
  readonly verify?: (atOnce: number, codes: readonly string[]) => Promise<Load>;
  readonly place?: Place;
}

function service(name: string, place: Place): Contender {
  const { url, token } = place;
  return {
    name,
    place,
    consume: (atOnce, codes) =>
      overHttp(
        url,
        token,
        atOnce,
        codes.map((code) => ({
          path: `/v1/grants/${code}/consume`,
          body: JSON.stringify({ ...bindingsOf(code), idempotency_root: code }),
        })),
      ),
    verify: (atOnce, codes) =>
      overHttp(
        url,
        token,
        atOnce,
        codes.map((code) => ({ path: "/v1/grants/verify", body: JSON.stringify(bindingsOf(code)) })),
      ),
  };
}

/** Everybody's verify and consume, one after the other, each with grants of its own. */
async function turn(contenders: readonly Contender[], atOnce: number, samples: Map<string, Load[]>): Promise<void> {
  const count = requests(atOnce);
  for (const contender of contenders) {
    const codes =
      contender.place === undefined
        ? Array.from({ length: count }, (_, n) => `GBA-C1-B-${n}`)
        : await seed(contender.place, count);
    for (const what of ["verify", "consume"] as const) {
      const load = await contender[what]?.(atOnce, codes);
      if (load === undefined) continue;
      const key = JSON.stringify([what, atOnce, contender.name]);
      samples.set(key, [...(samples.get(key) ?? []), load]);
    }
  }
}

function rowsOf(samples: ReadonlyMap<string, readonly Load[]>) {
  return [...samples].map(([key, loads]) => {
    const [what, atOnce, name] = JSON.parse(key) as [string, number, string];
    const own = samples.get(JSON.stringify([what, atOnce, "this service"])) ?? loads;
    const rate = spread(loads.map((one) => one.rate));
    const ratios = own.map((one, at) => one.rate / (loads[at]?.rate ?? one.rate));
    const ratio = spread(ratios);
    return {
      what,
      connections: atOnce,
      who: name,
      "a second": Math.round(rate.median),
      spread: `${Math.round(rate.least)}-${Math.round(rate.most)}`,
      "p50, ms": Number(spread(loads.map((one) => one.p50)).median.toFixed(2)),
      "p99, ms": Number(spread(loads.map((one) => one.p99)).median.toFixed(2)),
      "this service to it":
        name === "this service"
          ? ""
          : `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})`,
    };
  });
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined, settings: { max_connections: "400" } });
const closing: (() => Promise<void>)[] = [];
try {
  await provision(server);
  const ours = await makePlace(server, "bench_ours", new URL("../", import.meta.url));
  closing.push(ours.close);
  const contenders: Contender[] = [service("this service", ours)];
  if (other !== undefined) {
    const place = await makePlace(server, "bench_other", pathToFileURL(`${path.resolve(other)}/`));
    closing.push(place.close);
    contenders.push(service("the other checkout", place));
  }
  const raw = await makePlace(server, "bench_raw", new URL("../", import.meta.url));
  closing.push(raw.close);
  contenders.push({
    name: "PostgreSQL, one row a transaction",
    place: raw,
    consume: (atOnce, codes) => consumeRaw(raw.appUrl, atOnce, codes),
  });
  const bare = await startProcess(fileURLToPath(new URL("grants/bare-fastify.ts", import.meta.url)), {});
  closing.push(() => end(bare.child));
  contenders.push({
    name: "bare Fastify, no database",
    verify: (atOnce, codes) =>
      overHttp(
        bare.url,
        "none",
        atOnce,
        codes.map((code) => ({ path: "/v1/grants/verify", body: JSON.stringify(bindingsOf(code)) })),
      ),
  });

  const samples = new Map<string, Load[]>();
  for (let round = 0; round <= rounds; round += 1) {
    // The first round warms everybody up.
    for (const atOnce of connections) await turn(contenders, atOnce, round === 0 ? new Map<string, Load[]>() : samples);
  }
  const rows = rowsOf(samples);
  rows.sort((a, b) => a.what.localeCompare(b.what) || a.connections - b.connections);
  report("grants", { postgresql: "18, fsync on, embedded", rounds: String(rounds) }, rows);
} finally {
  for (const close of closing.toReversed()) await close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
