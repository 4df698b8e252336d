import { consistencyProof, consistent, type ReadNode, rootOf } from "../../src/evidence/log/merkle.ts";

/** An event that was committed, as far as the order of the log has to agree with it. */
export interface Committed {
  readonly seq: number;
  readonly action: string;
  readonly resource: string;
  /** Of resources that count their changes, else null. */
  readonly version: number | null;
}

/** What may come after what in the life of one resource, whatever transaction has written it. */
const order: Readonly<Record<string, number>> = {
  "approval_request.submitted": 0,
  "approval_request.voted": 1,
  "approval_request.executed": 2,
  "grant.minted": 0,
  "grant.consumed": 1,
};

/** What is wrong with a log whose leaves are these events, in this order; nothing where every event is in it once, in its place. */
export function complaintsAbout(leaves: readonly number[], committed: readonly Committed[]): string[] {
  const bySeq = new Map(committed.map((event) => [event.seq, event]));
  const sealed = new Set<number>();
  const complaints: string[] = [];
  const lives = new Map<string, { version: number; place: number }>();
  let last = 0;
  for (const [leaf, seq] of leaves.entries()) {
    const event = bySeq.get(seq);
    if (event === undefined) complaints.push(`leaf ${leaf} is event ${seq}, which was never committed`);
    if (sealed.has(seq)) complaints.push(`event ${seq} is there twice`);
    if (seq <= last) complaints.push(`event ${seq} comes behind event ${last}`);
    sealed.add(seq);
    last = seq;
    if (event !== undefined) complaints.push(...live(lives, event));
  }
  for (const { seq } of committed) if (!sealed.has(seq)) complaints.push(`event ${seq} is skipped`);
  return complaints;
}

function live(lives: Map<string, { version: number; place: number }>, event: Committed): string[] {
  const before = lives.get(event.resource) ?? { version: 0, place: 0 };
  const now = { version: event.version ?? before.version, place: order[event.action] ?? before.place };
  lives.set(event.resource, now);
  const complaints: string[] = [];
  if (event.version !== null && event.version !== before.version + 1) {
    complaints.push(`${event.resource} goes from version ${before.version} to ${event.version}`);
  }
  if (now.place < before.place) complaints.push(`${event.resource} has ${event.action} behind what follows it`);
  return complaints;
}

/** A head of the log that somebody has seen. */
export interface SeenHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Proves every two heads against each other in the tree as it is now. @returns how many pairs, and what does not hold */
export async function compareHeads(read: ReadNode, heads: readonly SeenHead[]) {
  const sorted = heads.toSorted((a, b) => a.size - b.size);
  const complaints: string[] = [];
  let pairs = 0;
  for (const [at, second] of sorted.entries()) {
    if (Buffer.compare(await rootOf(read, second.size), second.root) !== 0) {
      complaints.push(`the head of ${second.size} is not one of this tree`);
    }
    for (const first of sorted.slice(0, at)) {
      const path = await consistencyProof(read, first.size, second.size);
      const proof = { first: first.size, second: second.size, firstRoot: first.root, secondRoot: second.root, path };
      if (!consistent(proof)) complaints.push(`the log of ${second.size} does not continue that of ${first.size}`);
      pairs += 1;
    }
  }
  return { pairs, complaints };
}
