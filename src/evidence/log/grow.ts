import { type Hash, rootOf } from "./merkle.ts";
import type { TileRow } from "./store.ts";
import { nodesFrom, tileHash, tileWidth } from "./tiles.ts";

/** What a tree has become: its root, and the tiles that are new or have grown. */
export interface Grown {
  readonly size: number;
  readonly root: Hash;
  readonly tiles: readonly TileRow[];
}

/** Reads the hashes of a tile as far as it is filled. */
export type ReadTile = (level: number, index: number) => Promise<Uint8Array>;

/** Appends leaves to a tree of that size: only its right edge is read. */
export async function grow(read: ReadTile, size: number, leaves: readonly Hash[]): Promise<Grown> {
  const changed = new Map<string, TileRow>();
  const current: ReadTile = async (level, index) => changed.get(`${level}/${index}`)?.hashes ?? read(level, index);
  let hashes = leaves;
  let from = size;
  for (let level = 0; hashes.length > 0; level += 1) {
    const above: Hash[] = [];
    for (let at = 0; at < hashes.length; ) {
      const index = Math.floor((from + at) / tileWidth);
      const filled = (from + at) % tileWidth;
      const old = filled === 0 ? new Uint8Array() : (await current(level, index)).subarray(0, filled * 32);
      if (old.length !== filled * 32) throw new RangeError(`tile ${level}/${index} of the log is not whole`);
      const taken = hashes.slice(at, at + tileWidth - filled);
      const tile = Buffer.concat([old, ...taken]);
      changed.set(`${level}/${index}`, { level, index, hashes: tile });
      if (tile.length === tileWidth * 32) above.push(tileHash(tile));
      at += taken.length;
    }
    from = Math.floor(from / tileWidth);
    hashes = above;
  }
  const grown = size + leaves.length;
  return { size: grown, root: await rootOf(nodesFrom(current), grown), tiles: [...changed.values()] };
}
