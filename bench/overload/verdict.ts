import { spread } from "../support/results.ts";
import type { Attended } from "./attendant.ts";
import { percentile, type Second, totals, type Totals } from "./tally.ts";

export interface Phases {
  /** Answers a second, closed loop. */
  readonly capacity: number;
  readonly half: readonly Second[];
  readonly most: readonly Second[];
  readonly twice: readonly Second[];
  readonly after: readonly Second[];
  readonly attended: Attended;
}

export interface Judged {
  readonly question: string;
  readonly found: string;
  readonly bound: string;
  readonly holds: boolean;
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

/** Whether the overload did what is promised of it: each promise, what was found, and what it was held to. */
export function judge({ half, most, twice, after, attended }: Phases): readonly Judged[] {
  const [calm, busy, over] = [totals(half), totals(most), totals(twice)];
  const failed = Object.entries(over.failures).map(([what, count]) => `${count} x ${what}`);
  const back = secondsUntilBack(after, calm);
  const urgent = attended.urgent.map((one) => one.ms);
  const lost = attended.urgent.filter(({ status }) => status < 200 || status > 299);
  return [
    {
      question: "p99 of admitted requests, against that at 80 % of capacity",
      found: `${ms(over.p99)} / ${ms(busy.p99)} = ${(over.p99 / busy.p99).toFixed(2)}`,
      bound: "at most 1.5",
      holds: over.p99 / busy.p99 <= 1.5,
    },
    {
      question: "the rest is refused: share of 503, of them without retry-after or problem shape",
      found: `${((100 * over.refused) / over.sent).toFixed(1)} %, ${over.misshapen}`,
      bound: "more than 0 %, none",
      holds: over.refused > 0 && over.misshapen === 0,
    },
    {
      question: "any other answer, or none (500, reset, time-out)",
      found: failed.join("; ") || "none",
      bound: "none",
      holds: failed.length === 0,
    },
    level("resident memory, MiB", attended, (one) => one.rssMiB, 1.1),
    level("lag of the event loop, p99, ms", attended, (one) => one.lagP99Ms, 1.25),
    {
      question: "revocations and holds of an operator meanwhile",
      found: `${urgent.length - lost.length} of ${urgent.length}, p50 ${ms(spread(urgent).median)}, at most ${ms(spread(urgent).most)}`,
      bound: "all",
      holds: lost.length === 0,
    },
    {
      question: "seconds after the load until the p50 is that of before",
      found: back === undefined ? "never" : String(back),
      bound: "at most 5",
      holds: back !== undefined && back <= 5,
    },
  ];
}

function level(
  what: string,
  { looks }: Attended,
  of: (one: Attended["looks"][number]) => number,
  bound: number,
): Judged {
  const third = Math.max(1, Math.floor(looks.length / 3));
  const first = spread(looks.slice(0, third).map(of)).median;
  const last = spread(looks.slice(-third).map(of)).median;
  return {
    question: `${what}: median of the last third against the first`,
    found: `${last.toFixed(0)} / ${first.toFixed(0)} = ${(last / first).toFixed(2)}`,
    bound: `at most ${bound}`,
    holds: last / first <= bound,
  };
}

/** The first second from which on nothing is refused and the median is within half as much again of that before. */
export function secondsUntilBack(after: readonly Second[], calm: Totals): number | undefined {
  const isBack = (one: Second): boolean => one.refused === 0 && percentile(one.admittedMs, 0.5) <= calm.p50 * 1.5 + 0.5;
  const from = after.findIndex(isBack);
  return from === -1 ? undefined : after[from]?.second;
}
