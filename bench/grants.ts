/**
 * Verify, consume and mint over HTTP, beside the same statements carried out by bare PostgreSQL a row and a transaction at a time
 * (by a loop of `pg`, and by pgbench where it is installed) and beside a bare Fastify that answers the same with no database. One
 * PostgreSQL for all (fsync on), a database each, the service as a process of its own, in rounds that take turns;
 * `--other=<checkout>` adds the service of another checkout to the same rounds.
 *
 *   node bench/grants.ts [--rounds=5] [--connections=1,8,64,256] [--requests=4000] [--other=<checkout>]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type EmbeddedServer, provision, startEmbedded } from "../src/database/embedded/index.ts";
import { answersOf, bare, type Contender, everything, loop, own, program, service } from "./grants/contender.ts";
import { codesOf } from "./grants/pgbench.ts";
import { type Base, copyBase, makeBase, onceAs, startService } from "./grants/place.ts";
import { type Stock, stockUp } from "./grants/seed.ts";
import type { What } from "./grants/statements.ts";
import { Comparison, evidence, inRounds, programVersion, report, serverVersion } from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const other = given("other");
const rounds = Number(given("rounds") ?? 5);
const connections = (given("connections") ?? "1,8,64,256").split(",").map(Number);

/** The most requests of one measurement: fewer where few are under way at once, and of mints, which are of many statements. */
const most = Number(given("requests") ?? 4_000);
function requests(what: What, atOnce: number): number {
  const all = what === "mint" ? most / 5 : most;
  return Math.max(atOnce, Math.ceil(atOnce === 1 ? all / 14 : atOnce <= 8 ? all / 2 : all));
}

/** With the first round, which warms up; and one of each for the answers that the bare Fastify gives. */
const needed = (what: What): number =>
  connections
    .map((atOnce) => (what === "mint" ? requests(what, atOnce) : codesOf(atOnce, requests(what, atOnce))))
    .reduce((sum, count) => sum + count * (rounds + 1), 1);
const here = new URL("../", import.meta.url);

/** A database of that checkout with all that the rounds use up. */
async function stocked(server: EmbeddedServer, name: string, root: URL): Promise<readonly [Base, Stock]> {
  const base = await makeBase(server, name, root);
  return [base, await stockUp(base, { grants: needed("consume"), requests: needed("mint") })];
}

async function gather(server: EmbeddedServer, contenders: Contender[]): Promise<void> {
  const [first, { grants, requests: waiting }] = await stocked(server, "bench_stock", here);
  const stock = { grants: grants.slice(1), requests: waiting.slice(1) };
  const [authCode, request] = [grants[0], waiting[0]];
  if (authCode === undefined || request === undefined) throw new Error("the stock is empty");
  const copy = (name: string): Promise<Base> => copyBase(server, first, name);
  const place = await startService(await copy("bench_ours"), here);
  contenders.push(service(own, place, stock));
  contenders.push(loop(await copy("bench_loop"), stock));
  if (programVersion("pgbench") !== undefined) {
    contenders.push(program(await copy("bench_program"), stock, false));
    contenders.push(program(await copy("bench_pipelined"), stock, true));
  }
  contenders.push(await bare(await answersOf(place, authCode, request)));
  if (other !== undefined) {
    const root = pathToFileURL(`${path.resolve(other)}/`);
    const [its, itsStock] = await stocked(server, "bench_other", root);
    contenders.push(service("the other checkout", await startService(its, root), itsStock));
  }
  await onceAs(server.url("postgres"), "CHECKPOINT");
}

async function measure(contenders: readonly Contender[], comparison: Comparison): Promise<void> {
  // The most at once first: they warm everybody up for the few.
  for (const atOnce of connections.toSorted((a, b) => b - a)) {
    for (const what of everything) {
      const able = contenders.filter(({ does }) => does.includes(what));
      await inRounds(able, { rounds }, async (contender, _round, kept) => {
        const { rate, p50, p99 } = await contender.play(what, atOnce, requests(what, atOnce));
        const beside = { "p50, ms": p50, "p99, ms": p99 };
        if (kept) comparison.add({ what, who: contender.name, at: atOnce, value: rate, beside });
      });
    }
  }
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const settings = { max_connections: "700", shared_buffers: "512MB", max_wal_size: "4GB" };
const server = await startEmbedded({ dataDir, log: () => undefined, settings });
const contenders: Contender[] = [];
try {
  await provision(server);
  await gather(server, contenders);
  const comparison = new Comparison({ own, unit: "a second", axis: "connections" });
  await measure(contenders, comparison);
  for (const contender of contenders) await contender.check();
  const about = {
    ...(await serverVersion(server.url("postgres"))),
    ...settings,
    pgbench: programVersion("pgbench") ?? "not installed",
    rounds: String(rounds),
    "connections of this service to the database": "10",
  };
  report("grants", about, comparison.rows(), evidence(comparison));
} finally {
  for (const contender of contenders.toReversed()) await contender.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
