import type { EmbeddedServer } from "../../src/database/embedded/index.ts";
import { onceAs } from "../grants/place.ts";
import { Comparison } from "../support/results.ts";
import { audit, type Audited } from "./audit.ts";
import { fillEvents } from "./backlog.ts";
import { type LogBase, makeLogBase, startLogService } from "./place.ts";
import { countReads, type Kind, kinds, type Proved, timeProofs } from "./proofs.ts";
import { openSealer, type Sealer } from "./sealer.ts";

export interface SizeOptions {
  /** How many leaves the log is to have, from few to many. */
  readonly sizes: readonly number[];
  /** Proofs in one measurement. */
  readonly proofs: number;
  readonly rounds: number;
  /** Events that wait when the top speed of the sealer is measured. */
  readonly backlog: number;
  /** How many leaves the log has at least when it is exported and verified. */
  readonly audited: number;
  readonly directory: string;
}

/** How the sealer got on with one lot. */
export interface Lot {
  readonly kind: "consumed" | "short";
  readonly leaves: number;
  readonly written: number;
  readonly events: number;
  readonly seconds: number;
  readonly stall: number;
}

export interface Measured {
  readonly times: Comparison;
  readonly hashes: Comparison;
  readonly lots: Lot[];
  /** What a proof reads of the database, at most. */
  readonly read: object[];
  readonly faults: string[];
  readonly audits: Audited[];
}

/** A log, a process of the service that answers for it, and one that seals it. */
interface Scene extends LogBase {
  readonly url: string;
  readonly sealer: Sealer;
  readonly measured: Measured;
  readonly options: SizeOptions;
}

/** A log that grows, and at each size what a proof takes. */
export async function playSizes(server: EmbeddedServer, options: SizeOptions): Promise<Measured> {
  const measured: Measured = {
    times: new Comparison({ own: "", unit: "ms", axis: "events" }),
    hashes: new Comparison({ own: "", unit: "hashes", axis: "events" }),
    lots: [],
    read: [],
    faults: [],
    audits: [],
  };
  const base = await makeLogBase(server, "bench_log_size");
  const sealer = await openSealer(base);
  const place = await startLogService(base, 0);
  const scene: Scene = { ...base, url: place.url, sealer, measured, options };
  try {
    // What was done to get here.
    await sealer.sealAll();
    for (const [at, size] of options.sizes.entries()) {
      if (at === 1) await growTo(scene, "consumed", (await leavesOf(scene)) + options.backlog);
      await growTo(scene, "short", size);
      for (const kind of kinds) await prove(scene, kind, size);
    }
    return measured;
  } finally {
    await place.close();
    await sealer.close();
  }
}

async function leavesOf({ superUrl }: Scene): Promise<number> {
  const [row] = await onceAs<{ size: number }>(superUrl, "SELECT size::float8 AS size FROM audit_log");
  return row?.size ?? 0;
}

async function growTo(scene: Scene, kind: Lot["kind"], size: number): Promise<void> {
  const { sealer, measured, options } = scene;
  const from = await leavesOf(scene);
  if (from >= size) return;
  const written = await fillEvents(scene.superUrl, kind, from, size);
  const sealed = await sealer.sealAll();
  const leaves = await leavesOf(scene);
  if (leaves !== size) throw new Error(`${size} events are written and ${leaves} are leaves`);
  measured.lots.push({ kind, leaves, written, ...sealed });
  const rate = Math.round(sealed.events / sealed.seconds);
  console.log(`${leaves} leaves: written in ${written.toFixed(1)} s, sealed ${rate} a second`);
  if (measured.audits.length > 0 || leaves < options.audited) return;
  measured.audits.push(await audit(options.directory, scene.url, scene.auditor, leaves));
}

async function prove(scene: Scene, kind: Kind, size: number): Promise<void> {
  const { measured, options } = scene;
  const asked = { ...scene, database: scene.sealer.database };
  for (let round = 0; round < options.rounds; round += 1) {
    note(measured, kind, size, await timeProofs(asked, kind, size, options.proofs));
  }
  const taken = await countReads(asked, kind, size, counted);
  measured.read.push({ proof: kind, events: size, ...taken, "tiles that it takes": needed(size) });
  if (taken.tiles <= bound(size)) return;
  measured.faults.push(`${kind} at ${size}: ${taken.tiles} tiles are read, more than ${bound(size)}`);
}

/** Proofs whose reads are counted. */
const counted = 20;

function note({ times, hashes }: Pick<Measured, "times" | "hashes">, kind: Kind, size: number, proved: Proved): void {
  const at = (share: number): number => proved.times[Math.floor((proved.times.length - 1) * share)] ?? 0;
  times.add({ what: `${kind} proof, time`, who: "50 % within", at: size, value: at(0.5) });
  times.add({ what: `${kind} proof, time`, who: "99 % within", at: size, value: at(0.99) });
  const beside = { "bytes of the answer": proved.bytes };
  hashes.add({ what: "proof, hashes at most", who: kind, at: size, value: proved.hashes, beside });
}

/** Tiles on the two ways from the bottom of the tree to its top that a proof goes along. */
const needed = (size: number): number => 2 * Math.max(1, Math.ceil(Math.log2(size) / 8));

/** What may be read: a few for each doubling, and never a part of the tree. */
const bound = (size: number): number => 2 * Math.ceil(Math.log2(size)) + 2;
