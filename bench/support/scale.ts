/** An axis: where a value lies, and which values are written beside it. */
export interface Scale {
  readonly log: boolean;
  readonly ticks: readonly number[];
  /** From 0 at the beginning of the axis to 1 at its end. */
  readonly share: (value: number) => number;
}

/** How many times the least the most may be before a linear axis would hide the least. */
const widest = 20;

/** An axis for these values: from 0 where they are of one size, in powers where they are not. @throws Error without values */
export function scaleOf(values: readonly number[]): Scale {
  const least = Math.min(...values);
  const most = Math.max(...values);
  if (!Number.isFinite(least) || !Number.isFinite(most)) throw new Error("an axis needs finite values");
  return least > 0 && most / least > widest ? logarithmic(least, most) : linear(Math.max(most, 0));
}

function linear(most: number): Scale {
  const rough = (most > 0 ? most : 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? 10 * power;
  const count = Math.max(1, Math.ceil((most > 0 ? most : 1) / step - 1e-9));
  const ticks = Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
  return { log: false, ticks, share: (value) => value / (count * step) };
}

function logarithmic(least: number, most: number): Scale {
  const from = Math.floor(Math.log10(least));
  const to = Math.max(from + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from({ length: to - from + 1 }, (_, at) => Number((10 ** (from + at)).toPrecision(12)));
  return { log: true, ticks, share: (value) => (Math.log10(value) - from) / (to - from) };
}

/** As an axis writes it: 20k, 1.5M, 0.05. */
export function short(value: number): string {
  for (const [size, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    const divisor = letter === "k" ? 1e3 : size;
    if (Math.abs(value) >= size) return `${Number((value / divisor).toPrecision(3))}${letter}`;
  }
  return String(Number(value.toPrecision(3)));
}
