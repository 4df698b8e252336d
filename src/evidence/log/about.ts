import type { Tx } from "../../database/index.ts";
import type { SealedEvent } from "./entry.ts";
import { type Cosigners, cosignedHead } from "./cosigned.ts";
import { type Hash, inclusionProof } from "./merkle.ts";
import { eventsAbout, eventsBetween, leafOf, logKeys, readHead } from "./store.ts";
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
  const head = await readHead(tx);
  const signed = await cosignedHead(tx, cosigners);
  if (head === undefined || signed === undefined) return undefined;
  const nodes = nodesFrom(tilesOnce(tx, { leaf: signed.size, size: signed.size }));
  const events: ProvedEvent[] = [];
  for (const event of await collect(tx, subjects, also)) {
    const leaf = await leafOf(tx, event.seq);
    if (leaf === undefined || leaf >= signed.size) return undefined;
    events.push({ event, leaf, path: await inclusionProof(nodes, leaf, signed.size) });
  }
  return { origin: head.origin, size: signed.size, note: signed.note, verifierKeys: await logKeys(tx), events };
}

async function collect(
  tx: Tx,
  subjects: readonly { readonly type: string; readonly id: string }[],
  also: readonly number[],
): Promise<SealedEvent[]> {
  const found = await eventsAbout(tx, subjects);
  for (const seq of also) found.push(...(await eventsBetween(tx, String(seq - 1), String(seq), 1)));
  return found.toSorted((one, other) => one.seq - other.seq);
}
