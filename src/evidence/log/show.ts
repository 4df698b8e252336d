import type { Database } from "../../database/index.ts";
import { LogFault } from "./faults.ts";
import { ownNote } from "./generation.ts";
import { formatSignature } from "./note.ts";
import { proveConsistency } from "./proofs.ts";
import { addCosignature, latestCheckpoint } from "./store.ts";
import type { Witness } from "./witness.ts";

/**
 * Shows the latest head to a witness, and keeps what it puts under it (AUDIT-2). No transaction is open while the witness thinks.
 * @param shown the size that it was last shown from here, which is not shown again
 * @returns the size that it has seen now
 * @throws LogFault WITNESS_CONTRADICTED where the log does not continue what the witness has seen
 */
export async function showHead(
  database: Database,
  witness: Witness,
  shown: number | undefined,
): Promise<number | undefined> {
  const latest = () => database.transact(latestCheckpoint, { readOnly: true });
  const head = await latest();
  if (head === undefined || shown === head.size) return shown;
  // Without what other witnesses have put under it.
  const note = ownNote(head.note);
  try {
    const lines = await witness.show(note, (first) =>
      database.transact((tx) => proveConsistency(tx, first, head.size), { readOnly: true }),
    );
    for (const line of lines) {
      await database.transact((tx) => addCosignature(tx, head.size, formatSignature(line)));
    }
    return head.size;
  } catch (error) {
    // Another process may have sealed more meanwhile, and been here first: what it showed, it had committed before.
    const overtaken = error instanceof LogFault && ((await latest())?.size ?? 0) > head.size;
    if (overtaken) return shown;
    throw error;
  }
}
