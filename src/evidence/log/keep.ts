import type { Database } from "../../database/index.ts";
import { LogFault } from "./faults.ts";
import { seal, type Seen } from "./seal.ts";
import { showHead } from "./show.ts";
import type { LogSigner } from "./signer.ts";
import { ensurePartitions } from "./store.ts";
import { walkLog } from "./walk.ts";
import type { Witness } from "./witness.ts";
import { lastWitnessed } from "./witness-memory.ts";

export interface LogKeeperOptions {
  readonly database: Database;
  readonly signer: LogSigner;
  readonly witnesses: readonly Witness[];
  /** Where a witness keeps its heads, if it is near enough to be asked before each seal: a file. */
  readonly witnessFile?: string | undefined;
  /** From the end of one walk along the older leaves to the beginning of the next; none if absent. Milliseconds. */
  readonly restMs?: number;
  /** What could not be done, and will be tried again; a LogFault means that somebody has changed the log. */
  readonly onError: (error: unknown, what: string) => void;
}

export interface LogKeeper {
  /** Seals what can be sealed, and shows the head to the witnesses. @param stopped whether to leave the rest */
  keep(stopped: () => boolean): Promise<void>;
  /** Only seals. */
  seal(stopped: () => boolean): Promise<void>;
  /** Only shows the head to that witness, which may take as long as the witness is given. */
  show(witness: Witness): Promise<void>;
  /** How long the oldest event has waited for its leaf, and whether the log was found to be changed. */
  readonly fault: LogFault | undefined;
}

const partitionsEveryMs = 3_600_000;
/** After an attempt that failed: nobody needs the next month's within the minute. */
const partitionsAgainMs = 60_000;
/** Looked at again each time, of 256 leaves each: ten million leaves take some hours, and the service hardly notices. */
const bundlesEachTime = 4;

/** Keeps the log of a database, beside any number of other processes that do the same (AUDIT-2). */
export function makeLogKeeper({
  database,
  signer,
  witnesses,
  witnessFile,
  restMs = 0,
  onError,
}: LogKeeperOptions): LogKeeper {
  let seen: Seen | undefined;
  let fault: LogFault | undefined;
  const shown = new Map<Witness, number | undefined>();
  let partitionsAt = Number.NEGATIVE_INFINITY;
  let bundle = 0;
  let walksAt = Number.NEGATIVE_INFINITY;
  let excused = 0;
  /** What the walk before and the present one have found. */
  let found: { readonly before?: LogFault | undefined; readonly now?: LogFault | undefined } = {};
  const walk = async (): Promise<void> => {
    if (performance.now() < walksAt) return;
    const walked = await walkLog(database, bundle, bundlesEachTime, [], excused);
    bundle = walked.next;
    // A short log need not be read again each second.
    if (bundle === 0) walksAt = performance.now() + restMs;
    ({ excused } = bundle === 0 ? { excused: 0 } : walked);
    for (const one of walked.faults) onError(one, "walk");
    const now = found.now ?? walked.faults[0];
    found = bundle === 0 ? { before: now } : { ...found, now };
  };
  /** What fails here holds up nothing else. */
  const partition = async (): Promise<void> => {
    if (performance.now() < partitionsAt) return;
    partitionsAt = performance.now() + partitionsAgainMs;
    try {
      await database.transact(ensurePartitions);
      partitionsAt = performance.now() + partitionsEveryMs;
    } catch (error) {
      onError(error, "partitions");
    }
  };
  /** @returns whether the head was looked at: nobody else held it */
  const sealAll = async (stopped: () => boolean): Promise<boolean> => {
    for (let more = true; more && !stopped(); ) {
      const witnessed = witnessFile === undefined ? undefined : await lastWitnessed(witnessFile, signer);
      const sealed = await seal(database, signer, seen, witnessed);
      if (sealed === undefined) return false;
      ({ seen } = sealed);
      ({ more } = sealed);
    }
    return true;
  };
  const keeper: LogKeeper = {
    get fault() {
      return fault ?? found.now ?? found.before;
    },
    async keep(stopped) {
      await keeper.seal(stopped);
      await Promise.all(witnesses.map((witness) => keeper.show(witness)));
    },
    async seal(stopped) {
      await partition();
      try {
        const looked = await sealAll(stopped);
        if (looked && fault?.code !== "WITNESS_CONTRADICTED") fault = undefined;
      } catch (error) {
        if (error instanceof LogFault) fault = error;
        onError(error, "seal");
      }
      await walk().catch((error: unknown) => onError(error, "walk"));
    },
    async show(witness) {
      try {
        shown.set(witness, await showHead(database, witness, shown.get(witness)));
      } catch (error) {
        if (error instanceof LogFault) fault = error;
        onError(error, witness.name);
      }
    },
  };
  return keeper;
}
