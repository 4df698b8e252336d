import process from "node:process";

/**
 * What a crash test is started with: `node <file> --seed=N` plays the same part of the points again, `--full` plays all of
 * them; that is `npm run soak -- crash`.
 */
export interface Options {
  readonly full: boolean;
  readonly seed: number;
  /** The next number in [0, 1) that the seed stands for. */
  readonly random: () => number;
  /** One of the items. */
  readonly pick: <Item>(items: readonly Item[]) => Item;
}

export function readOptions(): Options {
  const given = process.argv.find((word) => word.startsWith("--seed="))?.slice("--seed=".length);
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  const random = seeded(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  return { full: process.argv.includes("--full"), seed, random, pick };
}

/** A linear congruential generator: good enough to pick with. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Seconds since `began`, as they are told. */
export function secondsSince(began: number): string {
  return `${((performance.now() - began) / 1_000).toFixed(1)} s`;
}
