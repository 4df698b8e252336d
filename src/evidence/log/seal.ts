import { setImmediate as others } from "node:timers/promises";
import { type Database, isDatabaseError, type Tx, violatedConstraint } from "../../database/index.ts";
import { type Checkpoint, formatCheckpoint } from "./checkpoint.ts";
import { entryOf, type SealedEvent } from "./entry.ts";
import { LogFault, type LogFaultCode } from "./faults.ts";
import { grow, type Grown, type ReadTile } from "./grow.ts";
import { signerOf } from "./generation.ts";
import { type Hash, leafHash, rootOf } from "./merkle.ts";
import { formatNote, parseNote } from "./note.ts";
import { tilesOnce } from "./read-tiles.ts";
import { requirePresentKey } from "./rotation.ts";
import { hasSigned, headSignatures, type LogSigner } from "./signer.ts";
import {
  appendSeqs,
  checkpointOf,
  eventsBetween,
  headBeyond,
  type HeadRow,
  insertCheckpoint,
  isFinal,
  isForeign,
  lastNumber,
  lockHead,
  ownTransaction,
  updateHead,
  writeTiles,
} from "./store.ts";
import { nodesFrom } from "./tiles.ts";

/** How the log stood when this process, or a witness, last looked: a database that says less afterwards was changed behind our back. */
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

/** The last head that a witness has kept. */
export interface Witnessed extends Seen {
  readonly origin: string;
  readonly witness: string;
}

const batch = 1_024;
/** Events hashed in one go: about a millisecond, for which requests of this process wait. */
const slice = 64;

/**
 * Makes leaves of the events whose order is final, and signs the new head (AUDIT-2). Any number of processes may try at the same time:
 * one does it. No transition ever waits for it: it takes no lock but that of the head.
 * @param named the key, under the name that the log began with
 * @param seen how this process has last seen the log
 * @param witnessed what a witness has kept that is near enough to be asked each time
 * @returns undefined while another process seals
 * @throws LogFault where the log is not what was signed
 */
export function seal(
  database: Database,
  named: LogSigner,
  seen: Seen | undefined,
  witnessed?: Witnessed,
): Promise<Sealed | undefined> {
  return database
    .transact(async (tx) => {
      const drawn = await lastNumber(tx);
      if (!drawn.before_id) throw new Error("the last number has to be read before anything is locked or written");
      const head = await lockHead(tx);
      if (head === undefined) return undefined;
      const signer = signerOf(named, head.origin);
      await requirePresentKey(tx, signer);
      const read = tilesOnce(tx, ...[head, seen ?? head].map(({ size }) => ({ leaf: size, size: head.size })));
      await requireSound(tx, head, { signer, seen, read });
      if (witnessed !== undefined) await requireWitnessed(read, head, witnessed);
      return sealFinal(tx, head, { signer, read, drawn: drawn.last });
    })
    .catch(toFault);
}

interface Sealing {
  readonly signer: LogSigner;
  readonly read: ReadTile;
  /** The last number that was drawn when this transaction had no id yet. */
  readonly drawn: bigint;
}

/** Makes leaves of what is final up to the horizon, and sets the next one. */
async function sealFinal(tx: Tx, head: HeadRow, sealing: Sealing): Promise<Sealed> {
  // Another process may have got further before the head was locked.
  const drawn = sealing.drawn > BigInt(head.horizon_seq) ? String(sealing.drawn) : head.horizon_seq;
  const open = head.horizon_seq !== head.sealed_seq;
  if (open && !(await isFinal(tx, head.horizon_xid))) {
    // Whoever drew those numbers on another server is gone; what has been drawn here since is waited for.
    if (await isForeign(tx, head.horizon_xid)) await updateHead(tx, { ...head, ...(await horizonAt(tx, drawn)) });
    return { added: 0, more: false, seen: head };
  }
  const events = open ? await eventsBetween(tx, head.sealed_seq, head.horizon_seq, batch) : [];
  const whole = events.length < batch;
  const { size, root } = events.length === 0 ? head : await add(tx, head, sealing.read, events);
  const sealed_seq = whole ? head.horizon_seq : String(events.at(-1)?.seq);
  const horizon = whole && drawn !== head.horizon_seq ? await horizonAt(tx, drawn) : horizonOf(head);
  if (sealed_seq !== head.sealed_seq || horizon.horizon_seq !== head.horizon_seq) {
    await updateHead(tx, { size, root: Buffer.from(root), sealed_seq, ...horizon });
  }
  if (size !== head.size) await sign(tx, { origin: head.origin, size, root }, sealing.signer);
  return { added: events.length, more: !whole, seen: { size, root } };
}

type Horizon = Pick<HeadRow, "horizon_seq" | "horizon_xid">;

const horizonOf = ({ horizon_seq, horizon_xid }: Horizon): Horizon => ({ horizon_seq, horizon_xid });

/** First the number, then a transaction id, which is this one's own: see the migration. */
async function horizonAt(tx: Tx, drawn: string): Promise<Horizon> {
  return { horizon_seq: drawn, horizon_xid: await ownTransaction(tx) };
}

async function hashed(events: readonly SealedEvent[]): Promise<Hash[]> {
  const leaves: Hash[] = [];
  for (let at = 0; at < events.length; at += slice) {
    if (at > 0) await others();
    for (const event of events.slice(at, at + slice)) leaves.push(leafHash(entryOf(event)));
  }
  return leaves;
}

async function add(tx: Tx, head: HeadRow, read: ReadTile, events: readonly SealedEvent[]): Promise<Grown> {
  const leaves = await hashed(events);
  const grown = await grow(read, head.size, leaves);
  await writeTiles(tx, grown.tiles);
  await appendSeqs(
    tx,
    head.size,
    events.map(({ seq }) => seq),
  );
  return grown;
}

async function sign(tx: Tx, head: Checkpoint, signer: LogSigner): Promise<void> {
  const text = formatCheckpoint(head);
  const note = formatNote({ text, signatures: headSignatures(text, signer) });
  await insertCheckpoint(tx, { size: head.size, root: Buffer.from(head.root), note });
}

/** What the database does not let into its log, because what is there already is not what the sealer left. */
const contradictions: Readonly<Record<string, LogFaultCode>> = {
  log_grows: "TILE_CONTRADICTED",
  whole_hashes: "TILE_CONTRADICTED",
  some_leaves: "LIST_CONTRADICTED",
};

function toFault(error: unknown): never {
  const constraint = isDatabaseError(error) ? violatedConstraint(error) : undefined;
  const code = contradictions[constraint ?? ""];
  if (code === undefined) throw error;
  throw new LogFault(code, `The log cannot go on from what its tables hold (${constraint}).`, { cause: error });
}

/** Nothing is signed on top of what was not signed, or of less than was there before. */
async function requireSound(
  tx: Tx,
  head: HeadRow,
  { signer, seen, read }: { readonly signer: LogSigner; readonly seen: Seen | undefined; readonly read: ReadTile },
): Promise<void> {
  const nodes = nodesFrom(read);
  const rootAt = (size: number): Promise<Uint8Array> =>
    rootOf(nodes, size).catch((cause: unknown) => {
      throw new LogFault("TILES_MISSING", `The tiles of the log do not reach to ${size} leaves.`, { cause });
    });
  if (seen !== undefined && head.size < seen.size) {
    throw new LogFault("LOG_SHRUNK", `The log had ${seen.size} leaves and has ${head.size}.`);
  }
  const unmoved = seen?.size === head.size && same(seen.root, head.root);
  if (seen !== undefined && !unmoved && !same(await rootAt(seen.size), seen.root)) {
    throw new LogFault("LOG_REWRITTEN", `The first ${seen.size} leaves of the log are not what they were.`);
  }
  const { last } = await lastNumber(tx);
  if (last < BigInt(head.horizon_seq)) {
    throw new LogFault("LOG_SHRUNK", `The numbers of events were set back from ${head.horizon_seq} to ${last}.`);
  }
  const beyond = await headBeyond(tx, head.size);
  if (beyond !== undefined) {
    throw new LogFault("CHECKPOINT_CONTRADICTED", `A head of ${beyond} leaves is there, and the log has ${head.size}.`);
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

/** Nothing is signed that a witness would have to call a fork. */
async function requireWitnessed(read: ReadTile, head: HeadRow, witnessed: Witnessed): Promise<void> {
  const { origin, size, root, witness } = witnessed;
  const refuse = (what: string): never => {
    throw new LogFault(
      "WITNESS_CONTRADICTED",
      `The witness ${witness} contradicts the log: ${what}. Nothing is signed.`,
    );
  };
  if (origin !== head.origin) refuse(`it has kept heads of ${origin}, the log is ${head.origin}`);
  if (size > head.size) refuse(`it has kept one of ${size} leaves, the log has ${head.size}`);
  const found = size === head.size ? head.root : await rootOf(nodesFrom(read), size);
  if (!same(found, root)) refuse(`the log does not continue the one of ${size} leaves`);
}

function isSigned(note: string, text: string, signer: LogSigner): boolean {
  try {
    const parsed = parseNote(note);
    return parsed.text === text && hasSigned(parsed, signer);
  } catch {
    // It is no note any more, or the signature under the log's name is false.
    return false;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
