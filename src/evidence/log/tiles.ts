import { type Hash, nodeHash, type ReadNode } from "./merkle.ts";

/** Hashes of a full tile, and how many levels of the tree it stands for (C2SP tlog-tiles). */
export const tileWidth = 256;
const tileHeight = 8;

/** A tile: `width` hashes of level `8 * level` of the tree, from `index * 256` on. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** The tiles of a level in a tree of that size: how many are full, and how wide the last one is; 0 where there is none. */
export function tilesOf(size: number, level: number): { readonly full: number; readonly partial: number } {
  const hashes = Math.floor(size / tileWidth ** level);
  return { full: Math.floor(hashes / tileWidth), partial: hashes % tileWidth };
}

/** `tile/<L>/<N>[.p/<W>]`, or `tile/entries/<N>[.p/<W>]`. */
export function tilePath(tile: Omit<Tile, "level"> & { readonly level: number | "entries" }): string {
  const partial = tile.width === tileWidth ? "" : `.p/${tile.width}`;
  return `tile/${tile.level}/${indexPath(tile.index)}${partial}`;
}

function indexPath(index: number): string {
  const last = String(index % 1_000).padStart(3, "0");
  let path = last;
  for (let rest = Math.floor(index / 1_000); rest > 0; rest = Math.floor(rest / 1_000)) {
    path = `x${String(rest % 1_000).padStart(3, "0")}/${path}`;
  }
  return path;
}

const form = /^tile\/(entries|\d|[1-5]\d|6[0-3])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?$/;

/** What a path asks for; undefined where it is none, or not in its one spelling. */
export function parseTilePath(text: string): (Omit<Tile, "level"> & { level: number | "entries" }) | undefined {
  const found = form.exec(text);
  if (found === null) return undefined;
  const [, level, index, width] = found;
  const tile = {
    level: level === "entries" ? ("entries" as const) : Number(level),
    index: Number(index?.replace(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  };
  return Number.isSafeInteger(tile.index) && tilePath(tile) === text ? tile : undefined;
}

/** The tiles over a leaf, one a level, in a tree of that size: all that a proof of it, or of the right edge before it, is made of. */
export function tilesOver(leaf: number, size: number): Omit<Tile, "width">[] {
  const places: Omit<Tile, "width">[] = [];
  for (let level = 0, width = tileWidth; level === 0 || size >= width / tileWidth; level += 1, width *= tileWidth) {
    places.push({ level, index: Math.floor(leaf / width) });
  }
  return places;
}

/** Reads nodes of the tree out of tiles. @param readTile the hashes of a tile as far as they are there, 32 bytes each */
export function nodesFrom(readTile: (level: number, index: number) => Promise<Uint8Array>): ReadNode {
  return async (level, index) => {
    const tileLevel = Math.floor(level / tileHeight);
    const above = level - tileLevel * tileHeight;
    const first = index * 2 ** above;
    const tile = await readTile(tileLevel, Math.floor(first / tileWidth));
    const hashes = Array.from({ length: 2 ** above }, (_, n) => hashAt(tile, (first % tileWidth) + n));
    return fold(hashes);
  };
}

function hashAt(tile: Uint8Array, at: number): Hash {
  const hash = tile.subarray(at * 32, at * 32 + 32);
  if (hash.length !== 32) throw new RangeError("the tile does not reach so far");
  return hash;
}

/** The hash above a power of two of hashes. */
function fold(hashes: readonly Hash[]): Hash {
  let row = hashes;
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, n) => nodeHash(row[2 * n] as Hash, row[2 * n + 1] as Hash));
  }
  return row[0] as Hash;
}

/** The hash that a full tile has in the tile above it. */
export function tileHash(tile: Uint8Array): Hash {
  if (tile.length !== tileWidth * 32) throw new RangeError("only a full tile has a hash above it");
  return fold(Array.from({ length: tileWidth }, (_, n) => hashAt(tile, n)));
}

/** An entry bundle: each entry behind its length in two bytes. @throws RangeError for one of 64 KiB or more */
export function entryBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > 0xffff) throw new RangeError("an entry is longer than 65,535 bytes");
      return [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}
