import type { Database, Tx } from "../../database/index.ts";
import { formatCheckpoint } from "./checkpoint.ts";
import { entryOf } from "./entry.ts";
import { LogFault } from "./faults.ts";
import { grow } from "./grow.ts";
import { leafHash, rootOf } from "./merkle.ts";
import { formatNote, parseNote, signedBy, signNote } from "./note.ts";
import type { LogSigner } from "./signer.ts";
import {
  appendSeqs,
  checkpointOf,
  eventsBetween,
  type HeadRow,
  insertCheckpoint,
  isFinal,
  lastNumber,
  lockHead,
  nextTransaction,
  readTile,
  updateHead,
  writeTiles,
} from "./store.ts";
import { nodesFrom } from "./tiles.ts";

/** How the log stood when this process last looked: a database that says less afterwards was changed behind our back. */
export interface Seen {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface Sealed {
  /** Leaves that were added. */
  readonly added: number;
  /** Whether there is more that can be sealed at once. */
  readonly more: boolean;
  readonly seen: Seen;
}

const batch = 4_096;

/**
 * Makes leaves of the events whose order is final, and signs the new head (AUDIT-2). Any number of processes may try at the same time:
 * one does it. No transition ever waits for it: it takes no lock but that of the head.
 * @param seen how this process has last seen the log
 * @returns undefined while another process seals
 * @throws LogFault where the log is not what was signed
 */
export function seal(database: Database, signer: LogSigner, seen: Seen | undefined): Promise<Sealed | undefined> {
  return database.transact(async (tx) => {
    const head = await lockHead(tx);
    if (head === undefined) return undefined;
    await requireSound(tx, head, signer, seen);
    const open = head.horizon_seq !== head.sealed_seq;
    if (open && !(await isFinal(tx, head.horizon_xid))) return { added: 0, more: false, seen: head };
    const events = open ? await eventsBetween(tx, head.sealed_seq, head.horizon_seq, batch) : [];
    const whole = events.length < batch;
    const grown = events.length === 0 ? { ...head, tiles: [] } : await add(tx, head, signer, events);
    const sealed = whole ? head.horizon_seq : String(events.at(-1)?.seq);
    const horizon = whole ? await horizonNow(tx) : head;
    if (grown.size !== head.size || sealed !== head.sealed_seq || horizon.horizon_seq !== head.horizon_seq) {
      await updateHead(tx, {
        size: grown.size,
        root: Buffer.from(grown.root),
        sealed_seq: sealed,
        ...horizonOf(horizon),
      });
    }
    return { added: events.length, more: !whole, seen: { size: grown.size, root: grown.root } };
  });
}

type Horizon = Pick<HeadRow, "horizon_seq" | "horizon_xid">;

const horizonOf = ({ horizon_seq, horizon_xid }: Horizon): Horizon => ({ horizon_seq, horizon_xid });

/** First the number, then the transaction id: see the migration. */
async function horizonNow(tx: Tx): Promise<Horizon> {
  const horizon_seq = await lastNumber(tx);
  return { horizon_seq, horizon_xid: await nextTransaction(tx) };
}

async function add(tx: Tx, head: HeadRow, signer: LogSigner, events: Awaited<ReturnType<typeof eventsBetween>>) {
  const leaves = events.map((event) => leafHash(entryOf(event)));
  const grown = await grow((level, index) => readTile(tx, level, index), head.size, leaves);
  await writeTiles(tx, grown.tiles);
  await appendSeqs(
    tx,
    head.size,
    events.map(({ seq }) => seq),
  );
  const text = formatCheckpoint({ origin: head.origin, size: grown.size, root: grown.root });
  const note = formatNote({ text, signatures: [signNote(text, signer.key, signer.privateKey)] });
  await insertCheckpoint(tx, { size: grown.size, root: Buffer.from(grown.root), note });
  return grown;
}

/** Nothing is signed on top of what was not signed, or of less than was there before. */
async function requireSound(tx: Tx, head: HeadRow, signer: LogSigner, seen: Seen | undefined): Promise<void> {
  const nodes = nodesFrom((level, index) => readTile(tx, level, index));
  const rootAt = (size: number): Promise<Uint8Array> =>
    rootOf(nodes, size).catch((cause: unknown) => {
      throw new LogFault("TILES_MISSING", `The tiles of the log do not reach to ${size} leaves.`, { cause });
    });
  if (seen !== undefined && head.size < seen.size) {
    throw new LogFault("LOG_SHRUNK", `The log had ${seen.size} leaves and has ${head.size}.`);
  }
  if (seen !== undefined && !same(await rootAt(seen.size), seen.root)) {
    throw new LogFault("LOG_REWRITTEN", `The first ${seen.size} leaves of the log are not what they were.`);
  }
  if (head.size === 0) return;
  if (!same(await rootAt(head.size), head.root)) {
    throw new LogFault("ROOT_CONTRADICTED", `The tiles of the log have not the root that its head names.`);
  }
  const signed = await checkpointOf(tx, head.size);
  const text = formatCheckpoint({ origin: head.origin, size: head.size, root: head.root });
  if (signed === undefined || !isSigned(signed.note, text, signer)) {
    throw new LogFault(
      "HEAD_UNSIGNED",
      `The head of the log at ${head.size} leaves was not signed with the log's key.`,
    );
  }
}

function isSigned(note: string, text: string, signer: LogSigner): boolean {
  try {
    const parsed = parseNote(note);
    return parsed.text === text && signedBy(parsed, signer.key) !== undefined;
  } catch {
    // It is no note any more, or the signature under the log's name is false.
    return false;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
