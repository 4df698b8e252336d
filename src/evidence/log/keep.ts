import type { Database } from "../../database/index.ts";
import { LogFault } from "./faults.ts";
import { formatNote, formatSignature, parseNote } from "./note.ts";
import { proveConsistency } from "./proofs.ts";
import { seal, type Seen } from "./seal.ts";
import type { LogSigner } from "./signer.ts";
import { addCosignature, ensurePartitions, latestCheckpoint } from "./store.ts";
import type { Witness } from "./witness.ts";

export interface LogKeeperOptions {
  readonly database: Database;
  readonly signer: LogSigner;
  readonly witnesses: readonly Witness[];
  /** What could not be done, and will be tried again; a LogFault means that somebody has changed the log. */
  readonly onError: (error: unknown, what: string) => void;
}

export interface LogKeeper {
  /** Seals what can be sealed, and shows the head to the witnesses. @param stopped whether to leave the rest */
  keep(stopped: () => boolean): Promise<void>;
  /** How long the oldest event has waited for its leaf, and whether the log was found to be changed. */
  readonly fault: LogFault | undefined;
}

const partitionsEveryMs = 3_600_000;

/** Keeps the log of a database, beside any number of other processes that do the same (AUDIT-2). */
export function makeLogKeeper({ database, signer, witnesses, onError }: LogKeeperOptions): LogKeeper {
  let seen: Seen | undefined;
  let fault: LogFault | undefined;
  let shown = new Map<Witness, number>();
  let partitioned = Number.NEGATIVE_INFINITY;
  const sealAll = async (stopped: () => boolean): Promise<void> => {
    for (let more = true; more && !stopped(); ) {
      const sealed = await seal(database, signer, seen);
      if (sealed === undefined) return;
      ({ seen } = sealed);
      ({ more } = sealed);
    }
  };
  const show = async (witness: Witness): Promise<void> => {
    const head = await database.transact(latestCheckpoint, { readOnly: true });
    if (head === undefined || shown.get(witness) === head.size) return;
    // Without what other witnesses have put under it.
    const { text, signatures } = parseNote(head.note);
    const note = formatNote({ text, signatures: signatures.filter((one) => one.name === signer.key.name) });
    const lines = await witness.show(note, (first) =>
      database.transact((tx) => proveConsistency(tx, first, head.size), { readOnly: true }),
    );
    for (const line of lines) {
      await database.transact((tx) => addCosignature(tx, head.size, formatSignature(line)));
    }
    shown = new Map(shown).set(witness, head.size);
  };
  return {
    get fault() {
      return fault;
    },
    async keep(stopped) {
      try {
        if (performance.now() - partitioned > partitionsEveryMs) {
          await database.transact(ensurePartitions);
          partitioned = performance.now();
        }
        await sealAll(stopped);
        await Promise.all(
          witnesses.map((witness) =>
            show(witness).catch((error: unknown) => {
              if (error instanceof LogFault) fault = error;
              onError(error, witness.name);
            }),
          ),
        );
        if (fault?.code !== "WITNESS_CONTRADICTED") fault = undefined;
      } catch (error) {
        if (error instanceof LogFault) fault = error;
        onError(error, "seal");
      }
    },
  };
}
