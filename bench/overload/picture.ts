import { type Plot, type Point, spread } from "../support/results.ts";
import { percentile, type Second } from "./tally.ts";
import type { Phases } from "./verdict.ts";

/** At so many places along the time, with the least and the most of the seconds between. */
const places = 20;

/** The overload over time. */
export function pictures({ twice, attended }: Phases): readonly Plot[] {
  const seconds = twice.length;
  const over = (of: (one: Second) => number) => along(twice, seconds, of);
  const seen = (of: (one: (typeof attended.looks)[number]) => number) => along(attended.looks, seconds, of);
  const axis = "minutes of twice the capacity";
  return [
    {
      title: "Answers",
      unit: "a second",
      axis,
      series: [
        { name: "admitted", points: over((one) => one.admitted) },
        { name: "refused with 503", points: over((one) => one.refused) },
      ],
    },
    {
      title: "From when a request was due to its answer",
      unit: "ms",
      axis,
      series: [
        { name: "admitted, p50", points: over((one) => percentile(one.admittedMs, 0.5)) },
        { name: "admitted, p99", points: over((one) => percentile(one.admittedMs, 0.99)) },
        { name: "refused, p50", points: over((one) => percentile(one.refusedMs, 0.5)) },
      ],
    },
    {
      title: "Resident memory",
      unit: "MiB",
      axis,
      series: [{ name: "service", points: seen((one) => one.rssMiB) }],
    },
    {
      title: "Lag of the event loop, and requests under way",
      unit: "ms; requests",
      axis,
      series: [
        { name: "lag, p99", points: seen((one) => one.lagP99Ms) },
        { name: "under way", points: seen((one) => one.inFlight) },
        { name: "may be under way", points: seen((one) => one.limit) },
      ],
    },
  ];
}

function along<One extends { readonly second: number }>(
  all: readonly One[],
  seconds: number,
  of: (one: One) => number,
): readonly Point[] {
  const width = Math.max(1, seconds / places);
  return Array.from({ length: Math.min(places, seconds) }, (_, at): Point[] => {
    const values = all
      .filter(({ second }) => second >= at * width && second < (at + 1) * width)
      .map(of)
      .filter((value) => Number.isFinite(value));
    return values.length === 0 ? [] : [{ at: Number(((at * width) / 60).toFixed(2)), ...spread(values) }];
  }).flat();
}
