import type { Tx } from "../../database/index.ts";
import type { ReadTile } from "./grow.ts";
import { readTile, readTiles } from "./store.ts";
import { tilesOver } from "./tiles.ts";

/** A leaf of a tree of that size. */
export interface Place {
  readonly leaf: number;
  readonly size: number;
}

const nameOf = (level: number, index: number): string => `${level}/${index}`;

/**
 * Reads each tile once for as long as it is asked: those over these leaves in one round trip, others when they are asked for.
 * What a transaction writes itself is not seen.
 */
export function tilesOnce(tx: Tx, ...places: readonly Place[]): ReadTile {
  const wanted = new Map(
    places.flatMap(({ leaf, size }) => tilesOver(leaf, size)).map((tile) => [nameOf(tile.level, tile.index), tile]),
  );
  const known = new Map<string, Promise<Uint8Array>>();
  let all: Promise<Map<string, Uint8Array>> | undefined;
  const together = (): Promise<Map<string, Uint8Array>> =>
    (all ??= readTiles(tx, [...wanted.values()]).then(
      (rows) => new Map(rows.map(({ level, index, hashes }) => [nameOf(level, index), hashes])),
    ));
  return (level, index) => {
    const name = nameOf(level, index);
    const tile =
      known.get(name) ??
      (wanted.has(name) ? together().then((tiles) => tiles.get(name) ?? new Uint8Array()) : readTile(tx, level, index));
    known.set(name, tile);
    return tile;
  };
}
