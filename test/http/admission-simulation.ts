import { Admission, type AdmissionBounds, type Entry } from "../../src/http/admission.ts";

/** A service on a clock that is reckoned, not waited for; times are milliseconds. */
export interface Model {
  /** What share of its capacity comes, from when on; the last one ends at `untilMs`. */
  readonly load: readonly { readonly fromMs: number; readonly share: number }[];
  readonly untilMs: number;
  /** What one request takes of the server, on average. */
  readonly workMs: number;
  /** What each takes besides, however many there are. */
  readonly tripMs: number;
  /** So many are worked off together, as a shared commit does. */
  readonly batch: number;
  /** Nothing at all gets done for so long, now and then. */
  readonly stall: { readonly everyMs: number; readonly forMs: number };
  readonly seed: number;
}

export interface Outcome {
  readonly came: number;
  readonly refused: number;
  readonly done: number;
  /** Of those that were let in. */
  readonly p50: number;
  readonly p99: number;
}

/** mulberry32: the same numbers from the same seed, everywhere. */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Waiting {
  readonly entry: Entry;
  readonly cameAt: number;
}

/** What came, was refused and got done in a span of the simulated time. */
export class Simulated {
  readonly #came: number[] = [];
  readonly #refused: number[] = [];
  readonly #done: { readonly cameAt: number; readonly at: number }[] = [];

  came(at: number): void {
    this.#came.push(at);
  }

  refused(at: number): void {
    this.#refused.push(at);
  }

  done(cameAt: number, at: number): void {
    this.#done.push({ cameAt, at });
  }

  between(from: number, to: number): Outcome {
    const within = (at: number): boolean => at >= from && at < to;
    const took = this.#done.filter(({ cameAt }) => within(cameAt)).map(({ cameAt, at }) => at - cameAt);
    const sorted = took.toSorted((a, b) => a - b);
    return {
      came: this.#came.filter(within).length,
      refused: this.#refused.filter(within).length,
      done: this.#done.filter(({ at }) => within(at)).length,
      p50: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
      p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    };
  }
}

/** Poisson arrivals at a door before one server that takes them in order, with jitter, in batches, with stalls. */
export function simulate(bounds: AdmissionBounds, model: Model): Simulated {
  const random = chance(model.seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  const room = new Admission(bounds);
  const seen = new Simulated();
  const queue: Waiting[] = [];
  const ending: { readonly at: number; readonly one: Waiting }[] = [];
  let busyUntil: number | undefined;
  let working: Waiting[] = [];
  let nextStall = exponential(model.stall.everyMs);
  let nextArrival = 0;

  const begin = (now: number): void => {
    working = queue.splice(0, model.batch);
    let workMs = 0;
    // Between a half and one and a half of the mean, and one in twenty takes five times as long.
    for (const _ of working) workMs += model.workMs * (0.5 + random()) * (random() < 0.05 ? 5 : 15.0 / 19);
    if (now >= nextStall) {
      workMs += model.stall.forMs;
      nextStall = now + exponential(model.stall.everyMs);
    }
    busyUntil = now + workMs;
  };
  for (;;) {
    const at = Math.min(nextArrival, busyUntil ?? Infinity, ending[0]?.at ?? Infinity);
    if (at === Infinity) return seen;
    const over = ending[0];
    if (over !== undefined && over.at === at) {
      ending.shift();
      room.leave(over.one.entry, at);
      seen.done(over.one.cameAt, at);
    } else if (busyUntil === at) {
      for (const one of working) ending.push({ at: at + model.tripMs, one });
      busyUntil = undefined;
      if (queue.length > 0) begin(at);
    } else {
      seen.came(at);
      const entry = room.enter(at);
      if (entry === undefined) seen.refused(at);
      else queue.push({ entry, cameAt: at });
      if (entry !== undefined && busyUntil === undefined) begin(at);
      const share = model.load.findLast(({ fromMs }) => fromMs <= at)?.share ?? 0;
      nextArrival = at + exponential(model.workMs / share);
      if (nextArrival >= model.untilMs) nextArrival = Infinity;
    }
  }
}
