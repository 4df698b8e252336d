import { type Spent, spending } from "./cpu.ts";

/** One way to do a chain of steps, each of which inserts one row and is then known to be done, also after a crash. */
export interface Contender {
  readonly name: string;
  /** What one of its steps amounts to, for the reader of the figures. */
  readonly step: string;
  /** Plays `chains` chains of `steps` steps at once. */
  play(chains: number, steps: number): Promise<Played>;
  close(): Promise<void>;
}

/** What the work took. */
export interface Played {
  readonly seconds: number;
  readonly spent: Spent;
}

export async function timed(work: () => Promise<unknown>): Promise<Played> {
  const spent = spending();
  const began = performance.now();
  await work();
  return { seconds: (performance.now() - began) / 1_000, spent: spent() };
}

/** Connections that each contender may have. */
export const poolSize = 20;

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
