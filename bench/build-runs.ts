/**
 * Build runs against others that make steps durable on PostgreSQL: states a second with 1, 16 and 64 chains at once, and a
 * manifest of 10,000 values with the memory that it takes. All on one PostgreSQL, as a user would have it (fsync on), in
 * rounds that take turns.
 *
 *   node bench/build-runs.ts [--rounds=5]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import pg from "pg";
import { startEmbedded } from "../src/database/embedded/index.ts";
import { digestsOf, manifest, prepareCommit, startRun, untilRun } from "../test/support/runs.ts";
import { bare } from "./build-runs/bare.ts";
import { measureServer } from "./build-runs/cpu.ts";
import type { Contender } from "./build-runs/contender.ts";
import { dbos } from "./build-runs/dbos.ts";
import { graphile } from "./build-runs/graphile.ts";
import { type Own, ours, ownService } from "./build-runs/ours.ts";
import { Comparison, evidence, inRounds, report } from "./support/results.ts";

const own = "countersign";
const rounds = Number(process.argv.find((argument) => argument.startsWith("--rounds="))?.slice(9) ?? 5);
/** One more than it takes to see whether memory grows. */
const manifests = 4;
/** Long enough that the steps count, and not the beginning and the end of a chain. */
const shapes = [
  { chains: 1, steps: 120 },
  { chains: 16, steps: 100 },
  { chains: 64, steps: 60 },
];
const values = 10_000;

async function database(url: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const made = new URL(url);
  made.pathname = `/${name}`;
  return made.href;
}

/** States a second: rounds of all contenders in turn. */
async function statesASecond(contenders: readonly Contender[], comparison: Comparison): Promise<void> {
  for (const { chains, steps } of shapes) {
    await inRounds(contenders, { rounds, warmUps: 1 }, async (contender, _round, kept) => {
      // A run of ours has three states more: its look at the target, its reservation and its end.
      const states = chains * (contender.name === own ? steps + 3 : steps);
      const { seconds, spent } = await contender.play(chains, steps);
      if (!kept) return;
      comparison.add({
        what: "states of runs",
        who: contender.name,
        at: chains,
        value: states / seconds,
        beside: { "cpu here, us": spent.here / states, "cpu in PostgreSQL, us": spent.server / states },
      });
    });
  }
}

/** A manifest of 10,000 values, three times: the rate, and whether memory grows from one to the next. */
async function valuesASecond(ran: Own): Promise<object[]> {
  const rows: object[] = [];
  for (let round = 1; round <= manifests; round += 1) {
    const entries = manifest(values).entries.map((entry) => ({ ...entry, protocol_version: String(round) }));
    // The earlier values are retired by hand: the collection is to hold this manifest and no other.
    const input = { manifest: { entries } };
    await digestsOf(ran.service, input);
    const prepared = await prepareCommit(ran.service, input, { key: ran.key });
    await clearCollection(ran.targetUrl);
    globalThis.gc?.();
    await startRun(ran.service, prepared);
    const run = await untilRun(ran.service, prepared.root, undefined, 120);
    if (run.status !== "succeeded")
      throw new Error(`the manifest ended in ${run.stop_state}: ${JSON.stringify(run.error)}`);
    const took = run.states.find(({ state }) => state === "S4") as unknown as { duration_ms: number };
    globalThis.gc?.();
    rows.push({
      what: `${values} values, manifest ${round}`,
      "values a second in S4": Math.round(values / (took.duration_ms / 1_000)),
      "MiB resident": Math.round(process.memoryUsage().rss / 2 ** 20),
    });
  }
  return rows;
}

async function clearCollection(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("DROP SCHEMA IF EXISTS c1 CASCADE");
  await client.end();
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, settings: { max_connections: "200" }, log: () => undefined });
try {
  measureServer(dataDir);
  const superUrl = server.url("postgres");
  const service = await ownService(server, shapes);
  const effects = new pg.Client({ connectionString: service.targetUrl });
  await effects.connect();
  await effects.query("CREATE TABLE own_effect (chain text NOT NULL, step int NOT NULL)");
  await effects.end();
  const peers = await database(superUrl, "peers");
  const contenders = [
    await bare(peers),
    await graphile(peers),
    await dbos(peers, await database(superUrl, "dbos_system")),
    ours(service),
  ];
  const comparison = new Comparison({ own, unit: "a second", axis: "at once" });
  await statesASecond(contenders, comparison);
  const admitted = await valuesASecond(service);
  for (const contender of contenders) await contender.close();
  console.table(contenders.map(({ name, step }) => ({ name, step })));
  console.table(admitted);
  const versions = { postgresql: "18, fsync on, embedded", pool: "20 connections each", rounds: String(rounds) };
  report("build-runs", versions, comparison.rows(), evidence(comparison));
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
