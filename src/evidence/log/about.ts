import type { Tx } from "../../database/index.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { type Cosigners, cosignedHead } from "./cosigned.ts";
import { entryOf, type SealedEvent } from "./entry.ts";
import { firstName } from "./generation.ts";
import { type KeyLink, logRenamed } from "./links/follow.ts";
import { logLinks } from "./links/links.ts";
import { type Hash, inclusionProof, leafHash } from "./merkle.ts";
import { parseNote } from "./note.ts";
import { eventsAbout, eventsBetween, leafOf, logKeys } from "./store.ts";
import { tilesOnce } from "./read-tiles.ts";
import { nodesFrom } from "./tiles.ts";

/** An event with what shows that it is in the log. */
export interface ProvedEvent {
  readonly event: SealedEvent;
  readonly leaf: number;
  readonly path: readonly Hash[];
}

export interface ProvedHistory {
  readonly origin: string;
  readonly size: number;
  /** The signed head that all proofs lead to. */
  readonly note: string;
  readonly verifierKeys: readonly string[];
  readonly events: readonly ProvedEvent[];
  /** What leads from the first key and name of the log to those of the head. */
  readonly links: readonly KeyLink[];
}

/**
 * Everything that the log says of these resources, each event with its proof against one signed head (AUDIT-2).
 * @param cosigners who must have signed that head
 * @param also single events beside them, by their numbers
 * @returns undefined while the head does not reach all of it
 */
export async function proveHistory(
  tx: Tx,
  subjects: readonly { readonly type: string; readonly id: string }[],
  cosigners: Cosigners,
  also: readonly number[] = [],
): Promise<ProvedHistory | undefined> {
  const signed = await cosignedHead(tx, cosigners);
  if (signed === undefined) return undefined;
  // Of several names that the log has had, the head's.
  const { origin } = parseCheckpoint(parseNote(signed.note).text);
  const links = await logLinks(tx, signed.size);
  if (origin !== firstName(origin) && !links.some((link) => isRenamed(link, origin))) return undefined;
  const nodes = nodesFrom(tilesOnce(tx, { leaf: signed.size, size: signed.size }));
  const events: ProvedEvent[] = [];
  for (const event of await collect(tx, subjects, also)) {
    const leaf = await leafOf(tx, event.seq);
    if (leaf === undefined || leaf >= signed.size) return undefined;
    const hash = await nodes(0, leaf);
    if (!isLeaf(event, hash) && (await withNumber(tx, event.seq)).some((one) => isLeaf(one, hash))) continue;
    events.push({ event, leaf, path: await inclusionProof(nodes, leaf, signed.size) });
  }
  return { origin, size: signed.size, note: signed.note, verifierKeys: await logKeys(tx), events, links };
}

/** The event of the log's present name: a head before it is followed by one behind it in a moment. */
function isRenamed({ event }: KeyLink, origin: string): boolean {
  return event.action === logRenamed && event.resource_id === origin;
}

const withNumber = (tx: Tx, seq: number) => eventsBetween(tx, String(seq - 1), String(seq), 8);

/** Where it is not, and another event of its number is, somebody has put it there; where none is, the log itself was changed, which is shown. */
function isLeaf(event: SealedEvent, hash: Hash): boolean {
  return Buffer.compare(hash, leafHash(entryOf(event))) === 0;
}

async function collect(
  tx: Tx,
  subjects: readonly { readonly type: string; readonly id: string }[],
  also: readonly number[],
): Promise<SealedEvent[]> {
  const found = await eventsAbout(tx, subjects);
  for (const seq of also) found.push(...(await withNumber(tx, seq)));
  return found.toSorted((one, other) => one.seq - other.seq);
}
