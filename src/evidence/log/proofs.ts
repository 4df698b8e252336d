import type { Tx } from "../../database/index.ts";
import { entryOf } from "./entry.ts";
import { type Hash, consistencyProof, inclusionProof, leafHash } from "./merkle.ts";
import { tilesOnce } from "./read-tiles.ts";
import { checkpointOf, eventsBetween, latestCheckpoint, leafOf } from "./store.ts";
import { nodesFrom } from "./tiles.ts";

export interface Inclusion {
  readonly leaf: number;
  readonly size: number;
  readonly leafHash: Hash;
  readonly path: readonly Hash[];
}

/**
 * What shows that an event is in the log as it was signed at that size (RFC 9162, 2.1.3; AUDIT-2).
 * @param size of a signed head; the latest if absent
 * @returns undefined while the event is not sealed in it, and where there is no such event
 */
export async function proveInclusion(tx: Tx, seq: number, size?: number): Promise<Inclusion | undefined> {
  const signed = size === undefined ? await latestCheckpoint(tx) : await checkpointOf(tx, size);
  const leaf = await leafOf(tx, seq);
  if (signed === undefined || leaf === undefined || leaf >= signed.size) return undefined;
  const nodes = nodesFrom(tilesOnce(tx, ...places(signed.size, leaf)));
  return {
    leaf,
    size: signed.size,
    leafHash: await nodes(0, leaf),
    path: await inclusionProof(nodes, leaf, signed.size),
  };
}

const places = (size: number, ...leaves: readonly number[]) => [...leaves, size].map((leaf) => ({ leaf, size }));

/** What shows that the log at the second size begins with the log at the first (RFC 9162, 2.1.4). @throws RangeError for sizes out of order */
export function proveConsistency(tx: Tx, first: number, second: number): Promise<Hash[]> {
  return consistencyProof(nodesFrom(tilesOnce(tx, ...places(second, Math.max(first - 1, 0), first))), first, second);
}

/** The entry of an event as it is now, for comparison with its leaf. */
export async function entryNow(tx: Tx, seq: number): Promise<{ entry: Uint8Array; hash: Hash } | undefined> {
  const [event] = await eventsBetween(tx, String(seq - 1), String(seq), 1);
  if (event === undefined) return undefined;
  const entry = entryOf(event);
  return { entry, hash: leafHash(entry) };
}
