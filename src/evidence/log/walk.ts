import { setImmediate as others } from "node:timers/promises";
import type { Database, Tx } from "../../database/index.ts";
import { formatCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { entryOf, type SealedEvent } from "./entry.ts";
import { LogFault } from "./faults.ts";
import { mayHaveBeen } from "./generation.ts";
import type { ReadTile } from "./grow.ts";
import { type Hash, includes, inclusionProof, leafHash, rootOf } from "./merkle.ts";
import { type NoteKey, parseNote, parseVerifierKey, signedBy } from "./note.ts";
import { tilesOnce } from "./read-tiles.ts";
import { vouchedParts } from "./retained/vouched.ts";
import { holdPartitions, type RetainedRow } from "./retained/store.ts";
import { checkpointsBetween, eventsBetween, headBeyond, type HeadRow, logKeys, readHead, seqsOf } from "./store.ts";
import { nodesFrom, tileWidth } from "./tiles.ts";

/** How far a walk along the log has come. */
export interface Walked {
  /** The bundle of 256 leaves to go on with; 0 once the end was reached. */
  readonly next: number;
  readonly faults: readonly LogFault[];
  /** How many leaves were found to be in files of retained months, from the first on. */
  readonly excused: number;
}

/** Events hashed in one go: about a millisecond, for which requests of this process wait. */
const slice = 64;
const lowest = String(-(2n ** 63n));

/**
 * Looks at some bundles of leaves: their tile must lead to the signed root, the list of their events be whole, each event be what its
 * leaf was made of, and each head of these sizes be signed and have their root (AUDIT-2). The sealer itself looks only at the right edge.
 * @param from the first bundle, and `count` how many
 * @param keys of whom one must have signed each head; those that the database names where there are none
 * @param excused what the walk has found of retained leaves before that bundle; unless it is given, their number is not looked at
 */
export function walkLog(
  database: Database,
  from: number,
  count: number,
  keys: readonly NoteKey[],
  excused?: number,
): Promise<Walked> {
  return database.transact(
    async (tx) => {
      await holdPartitions(tx);
      const head = await readHead(tx);
      if (head === undefined || head.size === 0) return { next: 0, faults: [], excused: 0 };
      const end = Math.ceil(head.size / tileWidth);
      const first = from < end ? from : 0;
      const until = Math.min(first + count, end);
      const known = keys.length > 0 ? keys : (await logKeys(tx)).map(parseVerifierKey);
      const walk: Walk = {
        tx,
        head,
        keys: known,
        read: tilesOnce(tx),
        parts: once(() => vouchedParts(tx, head)),
        excused: from < end && from > 0 ? (excused ?? 0) : 0,
      };
      const faults: LogFault[] = [];
      for (let bundle = first; bundle < until; bundle += 1) faults.push(...(await walkBundle(walk, bundle)));
      if (until === end) faults.push(...(await requireNoneBeyond(walk)));
      if (until === end && (from === 0 || excused !== undefined)) faults.push(...(await requireNotMore(walk)));
      return { next: until < end ? until : 0, faults, excused: walk.excused };
    },
    { readOnly: true },
  );
}

interface Walk {
  readonly tx: Tx;
  readonly head: HeadRow;
  readonly keys: readonly NoteKey[];
  readonly read: ReadTile;
  /** The retained months that the log vouches for. */
  readonly parts: () => Promise<readonly RetainedRow[]>;
  excused: number;
}

/** What is put down as signed must not reach further than the log. */
async function requireNoneBeyond({ tx, head: { size } }: Walk): Promise<LogFault[]> {
  const beyond = await headBeyond(tx, size);
  if (beyond === undefined) return [];
  return [new LogFault("CHECKPOINT_CONTRADICTED", `A head of ${beyond} leaves is there, and the log has ${size}.`)];
}

/** Ranges of months overlap at their ends: a leaf that is gone where two of them meet is noticed by the number of all. */
async function requireNotMore({ parts, excused }: Walk): Promise<LogFault[]> {
  if (excused === 0) return [];
  const exported = (await parts()).reduce((sum, { leaves }) => sum + leaves, 0);
  if (excused <= exported) return [];
  return [
    new LogFault(
      "EVENT_MISSING",
      `${excused} events are not in the database, and only ${exported} of them were exported.`,
    ),
  ];
}

async function walkBundle(walk: Walk, bundle: number): Promise<LogFault[]> {
  const { tx, head, read } = walk;
  const start = bundle * tileWidth;
  const end = Math.min(start + tileWidth, head.size);
  const tile = (await read(0, bundle)).subarray(0, (end - start) * 32);
  const faults = (await leadsToRoot(walk, start))
    ? await walkCheckpoints(walk, start, end)
    : [
        new LogFault(
          "TILE_CONTRADICTED",
          `The tile of leaves ${start} to ${end - 1} does not lead to the signed root.`,
        ),
      ];
  const seqs = await seqsOf(tx, start, end);
  // Where the list before this one is gone, that was said there.
  const [before = (seqs[0] ?? 1) - 1] = start === 0 ? [0] : await seqsOf(tx, start - 1, start);
  if (seqs.length !== end - start || seqs.some((seq, at) => !(seq > (at === 0 ? before : (seqs[at - 1] ?? 0))))) {
    faults.push(
      new LogFault("LIST_CONTRADICTED", `The list of the events of leaves ${start} to ${end - 1} is not whole.`),
    );
    return faults;
  }
  const last = end === head.size ? head.sealed_seq : String(seqs.at(-1));
  // The first bundle has before it whatever may have been given a lower number.
  const after = start === 0 ? lowest : String(before);
  const events = await eventsBetween(tx, after, last, tileWidth + 1);
  const listed = new Set(seqs);
  // A number is unique only within a month; whoever writes one twice puts an event where none was sealed.
  const unlisted = events.find(({ seq }, at) => !listed.has(seq) || events[at - 1]?.seq === seq);
  if (unlisted !== undefined) {
    const what = listed.has(unlisted.seq) ? "is there twice" : "has no leaf";
    faults.push(new LogFault("EVENT_UNLISTED", `Event ${unlisted.seq} lies among sealed ones, and ${what}.`));
  }
  // Those of leaves may lie behind the ones that were read.
  if (events.length > tileWidth) return faults;
  const fault = await walkEvents(walk, start, seqs, tile, new Map(events.map((event) => [event.seq, event])));
  return fault === undefined ? faults : [...faults, fault];
}

/** The first event that is not what its leaf was made of, or is neither here nor in a file that was exported. */
async function walkEvents(
  walk: Walk,
  start: number,
  seqs: readonly number[],
  tile: Uint8Array,
  events: ReadonlyMap<number, SealedEvent>,
): Promise<LogFault | undefined> {
  const retained = events.size < seqs.length ? await walk.parts() : [];
  for (const [at, seq] of seqs.entries()) {
    if (at % slice === slice - 1) await others();
    const [leaf, event] = [start + at, events.get(seq)];
    if (event === undefined) {
      if (retained.some(({ first_leaf, last_leaf }) => (first_leaf ?? 0) <= leaf && leaf <= (last_leaf ?? -1))) {
        walk.excused += 1;
        continue;
      }
      return new LogFault(
        "EVENT_MISSING",
        `Event ${seq} of leaf ${leaf} is not in the database, and was not exported.`,
      );
    }
    if (!same(leafHash(entryOf(event)), tile.subarray(at * 32, at * 32 + 32))) {
      return new LogFault("EVENT_CONTRADICTED", `Event ${seq} is not what leaf ${leaf} was made of.`);
    }
  }
  return undefined;
}

/** One leaf of a tile is enough: the way up from it is made of all others. */
async function leadsToRoot({ read, head }: Walk, leaf: number): Promise<boolean> {
  const nodes = nodesFrom(read);
  try {
    const found = { hash: await nodes(0, leaf), path: await inclusionProof(nodes, leaf, head.size) };
    return includes({ leaf, size: head.size, root: head.root, ...found });
  } catch (error) {
    // A tile does not reach so far.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

async function walkCheckpoints({ tx, head, keys, read }: Walk, start: number, end: number): Promise<LogFault[]> {
  const faults: LogFault[] = [];
  let signed = false;
  for (const { size, root, note } of await checkpointsBetween(tx, start, end)) {
    const found = await rootOf(nodesFrom(read), size).catch((): Hash => new Uint8Array());
    if (!same(root, found) || !isHead(note, { size, root, origin: head.origin }, keys)) {
      faults.push(
        new LogFault("CHECKPOINT_CONTRADICTED", `The head of ${size} leaves is not signed, or is not of this log.`),
      );
    }
    signed ||= size === head.size && same(root, head.root);
    await others();
  }
  if (end === head.size && !signed)
    faults.push(new LogFault("HEAD_UNSIGNED", `No head of ${head.size} leaves is signed.`));
  return faults;
}

/** Whether a key of the log has signed that head under a name that the log has, or had. */
function isHead(note: string, head: { size: number; root: Hash; origin: string }, keys: readonly NoteKey[]): boolean {
  try {
    const parsed = parseNote(note);
    const { origin } = parseCheckpoint(parsed.text);
    return (
      mayHaveBeen(head.origin, origin) &&
      parsed.text === formatCheckpoint({ ...head, origin }) &&
      keys.some((key) => signedBy(parsed, key) !== undefined)
    );
  } catch {
    // It is no note any more, or a signature under the log's name is false.
    return false;
  }
}

function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= work());
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
