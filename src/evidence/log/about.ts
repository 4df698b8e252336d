import type { Tx } from "../../database/index.ts";
import type { SealedEvent } from "./entry.ts";
import { type Hash, inclusionProof } from "./merkle.ts";
import { cosignedCheckpoint, eventsAbout, leafOf, logKeys, readHead, readTile } from "./store.ts";
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
}

/**
 * Everything that the log says of these resources, each event with its proof against one signed head (AUDIT-2).
 * @param cosignatures how many witnesses must have signed that head
 * @returns undefined while the head does not reach all of it
 */
export async function proveHistory(
  tx: Tx,
  subjects: readonly { readonly type: string; readonly id: string }[],
  cosignatures: number,
): Promise<ProvedHistory | undefined> {
  const head = await readHead(tx);
  const signed = await cosignedCheckpoint(tx, cosignatures);
  if (head === undefined || signed === undefined) return undefined;
  const nodes = nodesFrom((level, index) => readTile(tx, level, index));
  const events: ProvedEvent[] = [];
  for (const event of await eventsAbout(tx, subjects)) {
    const leaf = await leafOf(tx, event.seq);
    if (leaf === undefined || leaf >= signed.size) return undefined;
    events.push({ event, leaf, path: await inclusionProof(nodes, leaf, signed.size) });
  }
  return { origin: head.origin, size: signed.size, note: signed.note, verifierKeys: await logKeys(tx), events };
}
