/**
 * The consume of a grant beside what others do once: the claim of a job at graphile-worker and at pg-boss, and the exchange of
 * an authorization code at oidc-provider. One PostgreSQL (fsync on), a database each, in rounds that take turns.
 *
 *   node bench/peers.ts [--rounds=7] [--connections=1,64] [--uses=3000]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createDatabase, type EmbeddedServer, provision, startEmbedded } from "../src/database/embedded/index.ts";
import { boss } from "./peers/boss.ts";
import { type Contender, poolSize, type Steps } from "./peers/contender.ts";
import { graphile } from "./peers/graphile.ts";
import { oidc } from "./peers/oidc.ts";
import { ours } from "./peers/ours.ts";
import { Comparison, evidence, inRounds, packageVersion, report, serverVersion } from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const rounds = Number(given("rounds") ?? 7);
const connections = (given("connections") ?? "1,64").split(",").map(Number);

/** Uses of one measurement, by how many are under way at once. */
const most = Number(given("uses") ?? 3_000);
const uses = (atOnce: number): number => (atOnce === 1 ? Math.ceil(most / 10) : most);

const own = "this service";
const standing = "use of what stands";
const whole = "use of what stands, beside others that make it first";

async function databaseOf(server: EmbeddedServer, name: string): Promise<string> {
  await createDatabase(server, name, server.superuser);
  return server.url(name);
}

async function turn(
  contender: Contender,
  atOnce: number,
  keep: (what: string, load: Awaited<ReturnType<Contender["use"]>>) => void,
) {
  const load = await contender.use(atOnce, uses(atOnce));
  keep(standing, load);
  // Our own making of a grant is an act of others: the same measurement stands beside those who make what they use.
  if (contender.name === own) keep(whole, load);
  else if (contender.whole !== undefined) keep(whole, await contender.whole.use(atOnce, uses(atOnce)));
}

function stepsOf(contender: Contender): object[] {
  const row = (what: string, { does, overHttp, transactions, shared, rows, exactlyOnce, onRecord }: Steps) => ({
    who: contender.name,
    what,
    "one use": does,
    HTTP: overHttp ? "yes" : "no, a library",
    transactions: shared === 0 ? String(transactions) : `${transactions}, shared`,
    rows,
    once: exactlyOnce ? "exactly" : "at least",
    "on record": onRecord ? "yes" : "no",
  });
  const made = contender.whole === undefined ? [] : [row(whole, contender.whole.steps)];
  return [row(standing, contender.steps), ...made];
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined, settings: { max_connections: "200" } });
const contenders: Contender[] = [];
try {
  await provision(server);
  contenders.push(await ours(server));
  contenders.push(await graphile(await databaseOf(server, "bench_peers_graphile")));
  contenders.push(await boss(await databaseOf(server, "bench_peers_boss")));
  contenders.push(await oidc(await databaseOf(server, "bench_peers_oidc")));

  const comparison = new Comparison({ own, unit: "a second", axis: "connections" });
  for (const atOnce of connections) {
    await inRounds(contenders, { rounds }, (contender, _round, kept) =>
      turn(contender, atOnce, (what, { rate, p50, p99 }) => {
        if (kept)
          comparison.add({
            what,
            who: contender.name,
            at: atOnce,
            value: rate,
            beside: { "p50, ms": p50, "p99, ms": p99 },
          });
      }),
    );
  }

  const steps = contenders.flatMap(stepsOf);
  console.table(steps);
  const versions = Object.fromEntries(
    ["graphile-worker", "pg-boss", "oidc-provider"].map((name) => [name, packageVersion(name)]),
  );
  const about = {
    ...(await serverVersion(server.url("postgres"))),
    ...versions,
    rounds: String(rounds),
    "connections to the database": `this service and oidc-provider 10, graphile-worker and pg-boss ${poolSize}`,
  };
  const found = { ...evidence(comparison), steps };
  report("peers", about, comparison.rows(), found);
} finally {
  for (const contender of contenders.toReversed()) await contender.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
