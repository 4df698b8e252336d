import { basename } from "node:path";
import type { Tx } from "../../database/index.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { logLinks } from "./links/links.ts";
import { writeLink } from "./links/written.ts";
import { parseNote } from "./note.ts";
import { entryNow, proveConsistency, proveInclusion } from "./proofs.ts";
import { holdPartitions, retainedBetween } from "./retained/store.ts";
import type { ConsistencyProof, InclusionProof, LogCheckpoint, LogLeaves, RetainedPart } from "./schemas.ts";
import {
  checkpointOf,
  type CheckpointRow,
  eventsBetween,
  latestCheckpoint,
  logKeys,
  readHead,
  seqsOf,
} from "./store.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** The latest signed head. @throws ServiceProblem NOT_FOUND while nothing is sealed */
export async function readCheckpoint(tx: Tx): Promise<LogCheckpoint> {
  const [head, row] = [await readHead(tx), await latestCheckpoint(tx)];
  if (head === undefined || row === undefined) throw new ServiceProblem("NOT_FOUND", "Nothing is in the log yet.");
  return {
    origin: head.origin,
    size: row.size,
    root: base64(row.root),
    note: row.note,
    signed_at: row.signed_at.toISOString(),
    verifier_keys: await logKeys(tx),
    links: (await logLinks(tx, row.size)).map(writeLink),
    cosignatures: parseNote(row.note).signatures.filter(({ name }) => name !== head.origin).length,
  };
}

/**
 * What shows that an event is in the log (AUDIT-2).
 * @param size of a signed head; the latest if absent
 * @throws ServiceProblem NOT_FOUND for an event that is not in it, or a size that was never signed
 */
export async function readInclusion(tx: Tx, seq: number, size: number | undefined): Promise<InclusionProof> {
  await holdPartitions(tx);
  const head = await signedHead(tx, size);
  const proof = await proveInclusion(tx, seq, head.size);
  const now = await entryNow(tx, seq);
  const retained = proof === undefined || now !== undefined ? [] : await partsWith(tx, proof.leaf, proof.leaf);
  if (proof === undefined || (now === undefined && retained.length === 0)) {
    throw new ServiceProblem(
      "NOT_FOUND",
      `Event ${seq} is not in the log of ${head.size} leaves; it may not be sealed yet.`,
    );
  }
  return {
    seq,
    leaf: proof.leaf,
    size: proof.size,
    leaf_hash: base64(proof.leafHash),
    path: proof.path.map(base64),
    entry: now === undefined ? null : base64(now.entry),
    retained,
    note: head.note,
  };
}

/**
 * What shows that the log has only grown (AUDIT-2).
 * @throws ServiceProblem NOT_FOUND for a second size that was never signed, INVALID_REQUEST for sizes out of order
 */
export async function readConsistency(tx: Tx, first: number, second: number | undefined): Promise<ConsistencyProof> {
  const head = await signedHead(tx, second);
  if (first > head.size) {
    const detail = `The first size must not be greater than the second, ${head.size}.`;
    throw new ServiceProblem("INVALID_REQUEST", detail, { errors: [{ pointer: "query first", detail }] });
  }
  const path = await proveConsistency(tx, first, head.size);
  return { first, second: head.size, path: path.map(base64), note: head.note };
}

/**
 * Leaves with their events, as far as the latest signed head reaches; those that were exported and detached are left out, and the
 * files named that they are in.
 * @throws ServiceProblem NOT_FOUND where an event is neither here nor in such a file
 */
export async function readLeaves(tx: Tx, start: number, limit: number): Promise<LogLeaves> {
  await holdPartitions(tx);
  const { size } = (await latestCheckpoint(tx)) ?? { size: 0 };
  const end = Math.min(start + limit, size);
  if (start >= end) return { items: [], retained: [], next: null, size };
  const seqs = await seqsOf(tx, start, end);
  const events = await eventsBetween(tx, String((seqs[0] ?? 0) - 1), String(seqs.at(-1) ?? 0), limit + 1);
  const bySeq = new Map(events.map((event) => [event.seq, event]));
  const absent = seqs.flatMap((seq, at) => (bySeq.has(seq) ? [] : [{ seq, leaf: start + at }]));
  const retained = absent.length === 0 ? [] : await partsWith(tx, absent[0]?.leaf ?? 0, absent.at(-1)?.leaf ?? 0);
  for (const { seq, leaf } of absent) {
    if (retained.some((part) => part.first_leaf <= leaf && leaf <= part.last_leaf)) continue;
    throw new ServiceProblem("NOT_FOUND", `Event ${seq} is not in the database any more.`);
  }
  const items = seqs.flatMap((seq, at) => {
    const event = bySeq.get(seq);
    return event === undefined ? [] : [{ leaf: start + at, event }];
  });
  return { items, retained, next: end < size ? end : null, size };
}

/** The files that leaves of that range may be in. */
async function partsWith(tx: Tx, first: number, last: number): Promise<RetainedPart[]> {
  const parts = await retainedBetween(tx, first, last);
  return parts.map(({ month, file, sha256, first_leaf, last_leaf }) => ({
    month,
    file: basename(file),
    sha256,
    first_leaf: first_leaf ?? 0,
    last_leaf: last_leaf ?? 0,
  }));
}

async function signedHead(tx: Tx, size: number | undefined): Promise<CheckpointRow> {
  const head = size === undefined ? await latestCheckpoint(tx) : await checkpointOf(tx, size);
  if (head !== undefined) return head;
  throw new ServiceProblem(
    "NOT_FOUND",
    size === undefined ? "Nothing is in the log yet." : `No head of ${size} leaves was signed.`,
  );
}
