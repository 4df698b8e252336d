import type { Database, Tx } from "../../../database/index.ts";
import { canonicalJson } from "../../../kernel/json.ts";
import { parseCheckpoint } from "../checkpoint.ts";
import { entryOf, type SealedEvent } from "../entry.ts";
import { includes, inclusionProof, leafHash } from "../merkle.ts";
import type { ReadTile } from "../grow.ts";
import { type NoteKey, parseNote, signedBy } from "../note.ts";
import { tilesOnce } from "../read-tiles.ts";
import { nodesFrom, tileWidth } from "../tiles.ts";
import { RetentionProblem } from "./errors.ts";
import { digestOfFile, type ExportHeader, linesOf } from "./file.ts";

/** What a file was found to hold. */
export interface Held {
  readonly leaves: number;
  readonly first_leaf: number | null;
  readonly last_leaf: number | null;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  readonly sha256: string;
}

interface Line {
  readonly leaf: number;
  readonly event: SealedEvent;
}

const batch = 2_048;

/**
 * Reads the file of a month back and works each leaf out of its event again: it must be the one in the tiles, and one leaf of each tile
 * must lead to the root of the signed head, which binds all of the tile.
 * @param keys of whom one must have signed the head that the file names
 * @throws RetentionProblem EXPORT_CONTRADICTED
 */
export async function checkFile(database: Database, file: string, keys: readonly NoteKey[]): Promise<Held> {
  let header: ExportHeader | undefined;
  let [first, last]: (Line | undefined)[] = [];
  let leaves = 0;
  let waiting: Line[] = [];
  const checked = new Tiles();
  const flush = async (head: ExportHeader): Promise<void> => {
    const lines = waiting;
    waiting = [];
    await database.transact((tx) => checked.check(tx, head, lines), { readOnly: true });
  };
  for await (const line of linesOf(file)) {
    if (header === undefined) {
      header = signedHeader(line, keys);
      continue;
    }
    last = lineAfter(last, line);
    first ??= last;
    leaves += 1;
    waiting.push(last);
    if (waiting.length === batch) await flush(header);
  }
  if (header === undefined) throw contradicted("the file is empty");
  await flush(header);
  const sha256 = (await digestOfFile(file)) ?? "";
  if (first === undefined || last === undefined) {
    return { leaves, first_leaf: null, last_leaf: null, first_seq: null, last_seq: null, sha256 };
  }
  const [first_seq, last_seq] = [first.event.seq, last.event.seq];
  return { leaves, first_leaf: first.leaf, last_leaf: last.leaf, first_seq, last_seq, sha256 };
}

function lineAfter(last: Line | undefined, text: string): Line {
  const read = JSON.parse(text) as Line;
  const follows = last === undefined || (read.leaf > last.leaf && read.event.seq > last.event.seq);
  if (!follows || canonicalJson(read) !== text) {
    throw contradicted(`a line behind leaf ${last?.leaf ?? "none"} of the file is out of order or form`);
  }
  return read;
}

function signedHeader(line: string, keys: readonly NoteKey[]): ExportHeader {
  const header = JSON.parse(line) as ExportHeader;
  const { note, head } = headOf(header);
  const signed = keys.some((key) => {
    try {
      return signedBy(note, key) !== undefined;
    } catch {
      return false;
    }
  });
  if (!signed || head.size !== header.size || head.origin !== header.origin) {
    throw contradicted(`the head of ${header.size} leaves is not signed with the log's key`);
  }
  return header;
}

function headOf(header: ExportHeader) {
  try {
    const note = parseNote(header.note);
    return { note, head: parseCheckpoint(note.text) };
  } catch (cause) {
    throw contradicted(`the head of ${header.size} leaves is no signed note`, { cause });
  }
}

/** Tiles that were found to lead to the signed root; the last one is remembered, since leaves come in their order. */
class Tiles {
  #index = -1;
  #hashes: Uint8Array = new Uint8Array();

  async check(tx: Tx, head: ExportHeader, lines: readonly Line[]): Promise<void> {
    const { root } = parseCheckpoint(parseNote(head.note).text);
    const read = tilesOnce(tx);
    for (const { leaf, event } of lines) {
      if (leaf >= head.size) throw contradicted(`leaf ${leaf} lies behind the signed head`);
      const index = Math.floor(leaf / tileWidth);
      if (index !== this.#index) {
        await leadsToRoot(read, index * tileWidth, head.size, root);
        this.#hashes = (await read(0, index)).subarray(0, (head.size - index * tileWidth) * 32);
        this.#index = index;
      }
      const at = (leaf % tileWidth) * 32;
      if (Buffer.compare(this.#hashes.subarray(at, at + 32), leafHash(entryOf(event))) !== 0) {
        throw contradicted(`event ${event.seq} is not what leaf ${leaf} was made of`);
      }
    }
  }
}

async function leadsToRoot(read: ReadTile, leaf: number, size: number, root: Uint8Array): Promise<void> {
  const nodes = nodesFrom(read);
  const proof = async () => ({ hash: await nodes(0, leaf), path: await inclusionProof(nodes, leaf, size) });
  const found = await proof().catch((cause: unknown) => {
    throw contradicted("the tiles of the log are not whole", { cause });
  });
  if (!includes({ leaf, size, root, ...found })) {
    throw contradicted(`the tile of leaf ${leaf} does not lead to the signed head`);
  }
}

export function contradicted(what: string, options: { cause?: unknown } = {}) {
  return new RetentionProblem("EXPORT_CONTRADICTED", `Nothing was detached: ${what}.`, options);
}
