import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { Place, readEnd } from "../fingerprint.ts";
import { expectStatus } from "../flow.ts";
import { manifest, type Prepared, prepareCommit, prepareDryRun, startRun, type Target } from "../runs.ts";
import { type Owner, type Stage, setStage, startService } from "../service.ts";
import { type Maker, openMaker } from "./databases.ts";
import { tally } from "./tally.ts";

type End = Awaited<ReturnType<typeof readEnd>>;

export type Kind = "commit" | "dry-run" | "tally";

/** A run that has been started and that nobody has taken up, in a control database to make copies of. */
export interface Scene {
  readonly kind: Kind;
  readonly stage: Stage;
  readonly prepared: Prepared;
  /** Of the copies, and of targets beside them. */
  readonly maker: Maker;
  /** Of the test's own; also where the processes keep their compiled code. */
  readonly folder: string;
  /** Makes what the run finds in its target; nothing if absent. */
  makeTarget?(t: Owner): Promise<Target>;
  /** Reads of an end what must be the same each time, where that is more than what every run has. */
  readEnd?(place: Place, backups: string): Promise<End>;
}

const values = 6;

/** Approves, mints and starts a run over HTTP, and leaves the database to itself. */
export async function setScene(t: Owner, kind: Kind): Promise<Scene> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "countersign-crash-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const cleanups: (() => Promise<unknown>)[] = [];
  const owner: Owner = { teardown: (work) => cleanups.unshift(work) };
  const stage = await setStage(owner);
  // What was made first is the database, and it stays for the test; what is connected to it goes.
  t.teardown(() => stage.names.drop());
  cleanups.pop();
  const builds = kind === "tally" ? { builds: [tally] } : {};
  const service = await startService(owner, { stage, config: { runConcurrency: 0 }, ...builds });
  const input = { manifest: manifest(values) };
  const prepared = kind === "dry-run" ? await prepareDryRun(service, input) : await prepareCommit(service, input);
  await expectStatus(startRun(service, prepared), 202);
  for (const cleanup of cleanups) await cleanup();
  return { kind, stage, prepared, maker: await openMaker(t, stage.names), folder };
}

/** Cleans up behind one play, not only at the end of the test. */
export async function scoped<T>(work: (owner: Owner) => Promise<T>): Promise<T> {
  const cleanups: (() => Promise<unknown>)[] = [];
  try {
    return await work({ teardown: (cleanup) => cleanups.unshift(cleanup) });
  } finally {
    for (const cleanup of cleanups) await cleanup();
  }
}
