/** One way to do a chain of steps, each of which inserts one row and is then known to be done, also after a crash. */
export interface Contender {
  readonly name: string;
  /** What one of its steps amounts to, for the reader of the figures. */
  readonly step: string;
  /** Plays `chains` chains of `steps` steps at once. @returns seconds */
  play(chains: number, steps: number): Promise<number>;
  close(): Promise<void>;
}

/** Seconds that the work takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}

/** Connections that each contender may have. */
export const poolSize = 20;

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
