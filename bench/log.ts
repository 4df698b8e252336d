/**
 * What the log of audit events costs and gives. Consumes and mints while the service also seals, beside the same service with
 * sealing off, in rounds that take turns: the goal is nine tenths. How far the log is behind meanwhile, and how fast a sealer is
 * that does nothing else. Proofs over HTTP from a log of ten thousand events and of a million (`--full` of scripts/bench.ts: ten
 * million), each of them checked; and the export of a log, worked out again. One PostgreSQL (fsync on), the service as a process
 * of its own.
 *
 *   node bench/log.ts [--rounds=5] [--connections=64] [--consumes=5000] [--mints=1000]
 *                     [--sizes=10000,1000000] [--proofs=200] [--backlog=200000] [--audited=1000000] [--only=transitions|sizes]
 */
import { chmod, mkdtemp, realpath, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { type EmbeddedServer, provision, startEmbedded } from "../src/database/embedded/index.ts";
import type { Audited } from "./log/audit.ts";
import { type Lot, playSizes } from "./log/size.ts";
import { keptRows, playTransitions } from "./log/transitions.ts";
import { fewestRounds } from "./support/noise.ts";
import { type Comparison, evidence, report, serverVersion } from "./support/results.ts";

const given = (name: string): string | undefined =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
const number = (name: string, otherwise: number): number => Number(given(name) ?? otherwise);
const rounds = number("rounds", 5);
const only = given("only");
/** What transitions have to reach with the log, of what they reach without. */
const goal = 0.9;

function judge(comparison: Comparison): { rows: object[]; missed: boolean } {
  const judged = comparison.ratios().map(({ what, ratio: { median, from, to, rounds: taken } }) => {
    const known = taken >= fewestRounds;
    const verdict = known && from >= goal ? "met" : known && to < goal ? "MISSED" : "not decided by these rounds";
    const said = `${median.toFixed(3)} (${from.toFixed(3)}-${to.toFixed(3)})`;
    return { what, "on to off, each round": said, [`goal ${goal}`]: verdict };
  });
  return { rows: judged, missed: judged.some((row) => Object.values(row).includes("MISSED")) };
}

const settings = { max_connections: "200", shared_buffers: "512MB", max_wal_size: "4GB" };

async function transitions(server: EmbeddedServer, about: Readonly<Record<string, string>>): Promise<void> {
  const options = {
    rounds,
    connections: number("connections", 64),
    consumes: number("consumes", 5_000),
    mints: number("mints", 1_000),
  };
  const { comparison, kept } = await playTransitions(server, options);
  const { rows, missed } = judge(comparison);
  const behind = keptRows(kept);
  const beside = { ...evidence(comparison), verdicts: rows, behind };
  report("log", { ...about, rounds: String(rounds) }, comparison.rows(), beside);
  console.table(rows);
  console.table(behind);
  if (missed) process.exitCode = 1;
}

async function sizes(
  server: EmbeddedServer,
  directory: string,
  about: Readonly<Record<string, string>>,
): Promise<void> {
  const measured = await playSizes(server, {
    sizes: (given("sizes") ?? "10000,1000000").split(",").map(Number),
    proofs: number("proofs", 200),
    rounds: 3,
    backlog: number("backlog", 200_000),
    audited: number("audited", 1_000_000),
    directory,
  });
  const { times, hashes, lots, read, faults } = measured;
  const rows = [...alone(times), ...alone(hashes)];
  const beside = { ...evidence(times, hashes), lots, read, audits: measured.audits };
  report(
    "log-proofs",
    { ...about, "one proof after the other": "by one connection" },
    rows.slice(0, times.rows().length),
    beside,
  );
  console.table(rows.slice(times.rows().length));
  console.table(read);
  console.table(lots.map(sealedRow));
  console.table(measured.audits.map(auditRow));
  for (const fault of faults) console.log(`FAULT: ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

/** Nobody else is asked here: there is no ratio. */
function alone(comparison: Comparison): object[] {
  return comparison.rows().map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== " to it")));
}

function sealedRow({ kind, leaves, events, written, seconds, stall }: Lot): object {
  return {
    sealed: `${kind} events`,
    "leaves afterwards": leaves,
    "sealed a second": Math.round(events / seconds),
    "longest stall, ms": Math.round(stall),
    "written by SQL, s": Number(written.toFixed(1)),
  };
}

function auditRow({ leaves, exported, verified, bytes }: Audited): object {
  const perMillion = (seconds: number): number => Number(((seconds / leaves) * 1e6).toFixed(1));
  return {
    "audit of": leaves,
    "verify, s a million": perMillion(verified),
    "export, s a million": perMillion(exported),
    "bytes a leaf": Math.round(bytes / leaves),
  };
}

const dataDir = await realpath(await mkdtemp(path.join(os.tmpdir(), "countersign-bench-")));
await chmod(dataDir, 0o711);
const server = await startEmbedded({ dataDir, log: () => undefined, settings });
try {
  await provision(server);
  const about = { ...(await serverVersion(server.url("postgres"))), ...settings };
  if (only !== "sizes") await transitions(server, about);
  if (only !== "transitions") await sizes(server, dataDir, about);
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
