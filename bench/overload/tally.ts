/** Times in classes that grow by a twentieth: from a twentieth of a millisecond to a minute, within 5 %. */
const step = 1.05;
const least = 0.05;
const classes = 300;

export const noTimes = (): number[] => Array.from({ length: classes }, () => 0);

export function addTime(times: number[], ms: number): void {
  const at = ms <= least ? 0 : Math.min(classes - 1, Math.ceil(Math.log(ms / least) / Math.log(step)));
  times[at] = (times[at] ?? 0) + 1;
}

/** Milliseconds below which that share of the times lies; NaN without any. */
export function percentile(times: readonly number[], share: number): number {
  const all = times.reduce((sum, count) => sum + count, 0);
  if (all === 0) return Number.NaN;
  let seen = 0;
  for (const [at, count] of times.entries()) {
    seen += count;
    if (seen >= all * share) return least * step ** at;
  }
  return least * step ** classes;
}

export function sumTimes(many: readonly (readonly number[])[]): number[] {
  const sum = noTimes();
  for (const times of many) for (const [at, count] of times.entries()) sum[at] = (sum[at] ?? 0) + count;
  return sum;
}

/** What became of the requests that were due in one second. */
export interface Second {
  /** Of the phase, from 0. */
  readonly second: number;
  sent: number;
  admitted: number;
  refused: number;
  /** Refused, but without `retry-after`, without the problem's shape, or with another code. */
  misshapen: number;
  /** Every other answer and every missing one, by what it was. */
  readonly failures: Record<string, number>;
  /** From when a request was due to its answer: of those that were let in, and of those that were refused. */
  readonly admittedMs: number[];
  readonly refusedMs: number[];
}

export const newSecond = (second: number): Second => ({
  second,
  sent: 0,
  admitted: 0,
  refused: 0,
  misshapen: 0,
  failures: {},
  admittedMs: noTimes(),
  refusedMs: noTimes(),
});

export interface Totals {
  readonly seconds: number;
  readonly sent: number;
  readonly admitted: number;
  readonly refused: number;
  readonly misshapen: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
  readonly refusedP99: number;
}

export function totals(seconds: readonly Second[]): Totals {
  const sum = (of: (one: Second) => number): number => seconds.reduce((all, one) => all + of(one), 0);
  const failures: Record<string, number> = {};
  for (const second of seconds)
    for (const [what, count] of Object.entries(second.failures)) failures[what] = (failures[what] ?? 0) + count;
  const admitted = sumTimes(seconds.map((one) => one.admittedMs));
  return {
    seconds: seconds.length,
    sent: sum((one) => one.sent),
    admitted: sum((one) => one.admitted),
    refused: sum((one) => one.refused),
    misshapen: sum((one) => one.misshapen),
    failures,
    p50: percentile(admitted, 0.5),
    p99: percentile(admitted, 0.99),
    refusedP99: percentile(sumTimes(seconds.map((one) => one.refusedMs)), 0.99),
  };
}
