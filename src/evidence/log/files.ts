import type { Tx } from "../../database/index.ts";
import { entryOf } from "./entry.ts";
import { eventsBetween, latestCheckpoint, readTile, seqsOf } from "./store.ts";
import { entryBundle, parseTilePath, tileWidth } from "./tiles.ts";

/**
 * The files of C2SP tlog-tiles: a tile of hashes, or a bundle of entries. Only what a signed head reaches is there.
 * @param path as in the specification, from `tile/` on
 * @returns undefined where there is none
 */
export async function readLogFile(tx: Tx, path: string): Promise<Uint8Array | undefined> {
  const tile = parseTilePath(path);
  const size = (await latestCheckpoint(tx))?.size ?? 0;
  if (tile === undefined) return undefined;
  const { level, index, width } = tile;
  if (level === "entries") {
    const [start, end] = [index * tileWidth, index * tileWidth + width];
    return end > size ? undefined : entriesOf(tx, start, end);
  }
  const hashes = await readTile(tx, level, index);
  const reached = Math.floor(size / tileWidth ** level) - index * tileWidth;
  return width > reached || hashes.length < width * 32 ? undefined : hashes.subarray(0, width * 32);
}

/** Undefined where an event of them is not in the database any more: it was exported and detached. */
async function entriesOf(tx: Tx, start: number, end: number): Promise<Uint8Array | undefined> {
  const seqs = await seqsOf(tx, start, end);
  const [first, last] = [seqs[0], seqs.at(-1)];
  if (first === undefined || last === undefined || seqs.length !== end - start) return undefined;
  const events = await eventsBetween(tx, String(first - 1), String(last), end - start + 1);
  return events.length === end - start ? entryBundle(events.map(entryOf)) : undefined;
}
