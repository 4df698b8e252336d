/**
 * Build runs against others that make steps durable on PostgreSQL: states a second with 1, 16 and 64 chains at once, and a
 * manifest of 10,000 values with the memory that it takes. All on one PostgreSQL, as a user would have it (fsync on), in
 * rounds that take turns.
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { startEmbedded } from "../src/database/embedded/index.ts";
import { digestsOf, manifest, prepareCommit, startRun, untilRun } from "../test/support/runs.ts";
import { bare } from "./build-runs/bare.ts";
import { measureServer } from "./build-runs/cpu.ts";
import type { Contender } from "./build-runs/contender.ts";
import { dbos } from "./build-runs/dbos.ts";
import { graphile } from "./build-runs/graphile.ts";
import { type Own, ours, ownService } from "./build-runs/ours.ts";
import { report, spread } from "./support/results.ts";

const rounds = 3;
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

interface Samples {
  readonly rates: number[];
  readonly here: number[];
  readonly server: number[];
}

/** States a second: rounds of all contenders in turn. */
async function statesASecond(contenders: readonly Contender[]): Promise<object[]> {
  const rows: object[] = [];
  for (const { chains, steps } of shapes) {
    const samples = new Map<Contender, Samples>(contenders.map((one) => [one, { rates: [], here: [], server: [] }]));
    for (let round = 0; round <= rounds; round += 1) {
      for (const [contender, { rates, here, server }] of samples) {
        // A run of ours has three states more: its look at the target, its reservation and its end.
        const states = chains * (contender.name === "countersign" ? steps + 3 : steps);
        const { seconds, spent } = await contender.play(chains, steps);
        // The first round warms up.
        if (round === 0) continue;
        rates.push(states / seconds);
        here.push(spent.here / states);
        server.push(spent.server / states);
      }
    }
    rows.push(...rowsOf(chains, samples));
  }
  return rows;
}

function rowsOf(chains: number, samples: ReadonlyMap<Contender, Samples>): object[] {
  const own = spread([...samples].at(-1)?.[1].rates ?? []);
  return [...samples].map(([contender, { rates, here, server }]) => {
    const { median, least, most } = spread(rates);
    const apart = most < own.least || least > own.most;
    return {
      question: `states a second, ${chains} at once`,
      contender: contender.name,
      median: Math.round(median),
      spread: `${Math.round(least)}-${Math.round(most)}`,
      "ours to it":
        contender.name === "countersign" ? "" : apart ? (own.median / median).toFixed(2) : "within the noise",
      "cpu a state": `${Math.round(spread(here).median)} us here, ${Math.round(spread(server).median)} us in PostgreSQL`,
    };
  });
}

/** A manifest of 10,000 values, three times: the rate, and whether memory grows from one to the next. */
async function valuesASecond(own: Own): Promise<object[]> {
  const rows: object[] = [];
  for (let round = 1; round <= rounds + 1; round += 1) {
    const entries = manifest(values).entries.map((entry) => ({ ...entry, protocol_version: String(round) }));
    // The earlier values are retired by hand: the collection is to hold this manifest and no other.
    const input = { manifest: { entries } };
    await digestsOf(own.service, input);
    const prepared = await prepareCommit(own.service, input, { key: own.key });
    await clearCollection(own.targetUrl);
    globalThis.gc?.();
    await startRun(own.service, prepared);
    const run = await untilRun(own.service, prepared.root, undefined, 120);
    if (run.status !== "succeeded")
      throw new Error(`the manifest ended in ${run.stop_state}: ${JSON.stringify(run.error)}`);
    const took = run.states.find(({ state }) => state === "S4") as unknown as { duration_ms: number };
    globalThis.gc?.();
    rows.push({
      question: `${values} values, round ${round}`,
      contender: "countersign",
      median: Math.round(values / (took.duration_ms / 1_000)),
      spread: "values a second in S4",
      "ours to it": `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`,
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
  const own = await ownService(server, shapes);
  const effects = new pg.Client({ connectionString: own.targetUrl });
  await effects.connect();
  await effects.query("CREATE TABLE own_effect (chain text NOT NULL, step int NOT NULL)");
  await effects.end();
  const peers = await database(superUrl, "peers");
  const contenders = [
    await bare(peers),
    await graphile(peers),
    await dbos(peers, await database(superUrl, "dbos_system")),
    ours(own),
  ];
  const states = await statesASecond(contenders);
  const admitted = await valuesASecond(own);
  for (const contender of contenders) await contender.close();
  console.table(contenders.map(({ name, step }) => ({ name, step })));
  report("build-runs", { postgresql: "18, fsync on, embedded", pool: "20 connections each" }, [...states, ...admitted]);
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
