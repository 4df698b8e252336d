/** The middle of the samples and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The median of the samples (of an even number, the mean of the two in the middle), the least and the most. @throws Error without samples */
export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const [least, most] = [sorted[0], sorted.at(-1)];
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (least === undefined || most === undefined || low === undefined || high === undefined)
    throw new Error("no samples");
  return { median: (low + high) / 2, least, most };
}

/** What one is to another, from rounds in which both took their turn. */
export interface Ratio extends Spread {
  readonly rounds: number;
  /** Between these the true median lies, with 95 % (with fewer than six rounds: all the ratios). */
  readonly from: number;
  readonly to: number;
  /** The rounds disagree by more than the two differ: the ratio says nothing, and is not printed. */
  readonly withinNoise: boolean;
}

/** With fewer rounds nothing is known about the noise. */
export const fewestRounds = 3;

/**
 * The ratio of two who took turns: one ratio a round, of the samples of that round, so that whatever slows the machine for a
 * while slows both. The difference is |ln(median)|; the noise is how far, on the same scale, the interval of the median reaches
 * from the median to its farther end. It is within the noise when the noise is not smaller than the difference, which is always
 * so when 1 lies in the interval; and when there are fewer than three rounds.
 * @throws Error unless both have a sample of every round, all above 0
 */
export function compare(own: readonly number[], other: readonly number[]): Ratio {
  if (own.length !== other.length) throw new Error(`${own.length} samples cannot be paired with ${other.length}`);
  if ([...own, ...other].some((value) => !(value > 0 && Number.isFinite(value)))) {
    throw new Error("a ratio is of numbers above 0");
  }
  const ratios = own.map((value, round) => value / (other[round] as number)).toSorted((a, b) => a - b);
  const whole = spread(ratios);
  const outside = dropped(ratios.length);
  const from = ratios[outside] as number;
  const to = ratios[ratios.length - 1 - outside] as number;
  const difference = Math.abs(Math.log(whole.median));
  const noise = Math.max(Math.log(whole.median / from), Math.log(to / whole.median));
  const withinNoise = ratios.length < fewestRounds || noise >= difference;
  return { ...whole, rounds: ratios.length, from, to, withinNoise };
}

/** How many of the ordered ratios lie outside the interval at each end: as many as leave it a confidence of 95 %. */
function dropped(rounds: number): number {
  // The chance that k or fewer of so many fair coins show heads, both ends together, is what the interval may miss.
  let chance = 2 * 0.5 ** rounds;
  let missed = chance;
  let outside = 0;
  for (;;) {
    chance = (chance * (rounds - outside)) / (outside + 1);
    missed += chance;
    if (missed > 0.05) return outside;
    outside += 1;
  }
}

export const refusal = "within the noise";

/** The ratio as it is printed, with what the rounds said: `1.32 (1.28-1.40)`, or that it is within the noise. */
export function ratioText(ratio: Ratio): string {
  if (ratio.withinNoise) return refusal;
  return `${figure(ratio.median)} (${figure(ratio.least)}-${figure(ratio.most)})`;
}

/** Three digits that say something. */
export function figure(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 6));
}
