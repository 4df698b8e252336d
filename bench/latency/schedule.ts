/**
 * When requests are due that arrive without memory, so many a second (a Poisson process): ms from the beginning, in order.
 * The same seed gives the same schedule.
 */
export function arrivals(seed: number, rate: number, seconds: number): Float64Array {
  const random = generator(seed);
  const due: number[] = [];
  for (let at = gap(random, rate); at < seconds * 1_000; at += gap(random, rate)) due.push(at);
  return Float64Array.from(due);
}

const gap = (random: () => number, rate: number): number => (-Math.log(1 - random()) * 1_000) / rate;

/** Numbers from 0 to below 1 that follow from the seed: a Weyl sequence, its bits mixed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e_37_79_b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21_f0_aa_ad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x73_5a_2d_97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** The latency that such a share of the requests was answered within; the last is the slowest of all. @param sorted ascending */
export function percentile(sorted: Float64Array, share: number): number {
  const at = Math.min(sorted.length, Math.max(1, Math.ceil(sorted.length * share))) - 1;
  return sorted[at] ?? Number.NaN;
}
