import type { Tx } from "../../../database/index.ts";
import { lineBeginning } from "../cosigned.ts";
import { entryOf, type SealedEvent } from "../entry.ts";
import { firstName, nameOfGeneration } from "../generation.ts";
import { inclusionProof, leafHash } from "../merkle.ts";
import { type NoteKey, parseNote, parseVerifierKey, signedBy } from "../note.ts";
import { eventsBetween, leafOf, readHead, readTile, type CheckpointRow } from "../store.ts";
import { nodesFrom } from "../tiles.ts";
import { keyAdded, type KeyLink, underName } from "./follow.ts";
import { firstHeadsWith, linkEvents } from "./store.ts";

/**
 * What leads from the first key and name of the log to those that it has at that size, each with its proof (AUDIT-2).
 * @param size of a signed head
 */
export async function logLinks(tx: Tx, size: number): Promise<KeyLink[]> {
  const events = await linkEvents(tx, "audit_log");
  if (events.length === 0) return [];
  const { generation = 1 } = (await readHead(tx)) ?? {};
  const nodes = nodesFrom((level, index) => readTile(tx, level, index));
  const links: KeyLink[] = [];
  for (const event of events) {
    const leaf = await leafOf(tx, event.seq);
    const voucher = voucherOf(event);
    if (leaf === undefined || leaf >= size || voucher === undefined) continue;
    const head = await headOf(tx, { leaf, upTo: size }, voucher, generation);
    if (head === undefined) continue;
    links.push({ event, leaf, path: await inclusionProof(nodes, leaf, head.size), note: head.note });
  }
  return links;
}

/** The first head behind that leaf that the key has signed, under whatever name the log had. */
async function headOf(
  tx: Tx,
  range: { readonly leaf: number; readonly upTo: number },
  voucher: NoteKey,
  generations: number,
): Promise<CheckpointRow | undefined> {
  const name = firstName(voucher.name);
  const named = Array.from({ length: generations }, (_, at) =>
    underName([voucher], nameOfGeneration(name, at + 1)),
  ).flat();
  const heads = await firstHeadsWith(tx, range, named.map(lineBeginning));
  return heads.find(({ note }) => named.some((key) => isSigned(note, key)));
}

function isSigned(note: string, key: NoteKey): boolean {
  try {
    return signedBy(parseNote(note), key) !== undefined;
  } catch {
    return false;
  }
}

/** The key that signs for what an event says: the one before, or the same under its new name. */
function voucherOf({ action, before, after }: SealedEvent): NoteKey | undefined {
  try {
    const said = (action === keyAdded ? before : after) as { verifier_key: string };
    return parseVerifierKey(said.verifier_key);
  } catch {
    return undefined;
  }
}

/** Whether an event that was kept beside the log is the leaf that its number says; also while it is not sealed yet. */
export async function isInLog(tx: Tx, event: SealedEvent, sealedSeq: string): Promise<boolean> {
  const leaf = await leafOf(tx, event.seq);
  if (leaf === undefined) {
    const rows = await eventsBetween(tx, String(event.seq - 1), String(event.seq), 2);
    const [row] = rows;
    const isThere = rows.length === 1 && row !== undefined && Buffer.compare(entryOf(row), entryOf(event)) === 0;
    return isThere && BigInt(event.seq) > BigInt(sealedSeq);
  }
  const nodes = nodesFrom((level, index) => readTile(tx, level, index));
  return Buffer.compare(await nodes(0, leaf), leafHash(entryOf(event))) === 0;
}
