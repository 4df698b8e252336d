/** While the door is shut: since when it is watched, who came since, who found the room at least half full, and who was refused. */
interface Shut {
  readonly since: number;
  came: number;
  crowded: number;
  refused: number;
}

/** What a process lets in at once. */
export interface AdmissionBounds {
  /** Requests under way; one more is refused, however fast they get done. */
  readonly maxInFlight: number;
  /** Milliseconds that requests may go on waiting for those that are under way already; 0: as long as it takes. */
  readonly maxQueueMs: number;
}

/** One request that was let in; it is handed back when it is over. */
export interface Entry {
  readonly at: number;
  /** How many were under way, itself included. */
  readonly place: number;
}

/** So few are let in however long they wait: fewer could not share round trips and commits. */
export const alwaysAdmitted = 64;
/** Where fewer than half of them are under way, no queue stands. */
const crowd = alwaysAdmitted / 2;
/** So few wait for nobody: what they take is what the work itself takes. */
const alone = 8;
/** Kept free for what must get through when nothing else does. */
const reserve = 64;
/** How often the queue is judged, and for how long it has to be too long before anybody is refused, in milliseconds. */
const intervalMs = 50;
const patienceMs = 250;
/**
 * The door opens again once so long hardly anybody was refused, or fewer than half of those who came found the room more than half
 * full: then it is stalls that close it, and no load.
 */
const calmMs = 1_000;
const calmShare = 0.03;
/** Intervals whose pace is remembered, times of an interval, and times of those that were alone. */
const mostRates = 20;
const mostWaits = 512;
const mostCalm = 64;

/**
 * Decides how many requests may be under way. Refusing late is dear: work that waits for seconds is paid for and then of use
 * to nobody. Refusing too early is dear as well: a stall of the machine, or a burst, is over before anybody is helped by it. So
 * the door shuts only where a queue stands (CoDel's rule): the median of the waits, which are what requests took less what the
 * same work takes alone, has been above the bound for a quarter of a second, and the crowd has not thinned out in between. While
 * it is shut as many are let in as get done within a fifth of the bound, by Little's law with the best pace of the last second; it
 * opens again once that has turned away next to nobody for a second, or only now and then. A database that is merely far away is no queue.
 *
 * Pure, without a clock of its own: times are milliseconds of the caller's.
 */
export class Admission {
  readonly #bounds: AdmissionBounds;
  #inFlight = 0;
  #limit: number;
  /** The present interval: since when, how many got done in it, and what they waited. */
  #since = 0;
  #done = 0;
  #waits: number[] = [];
  /** Since when the queue is too long, if it is. */
  #tooLongSince: number | undefined;
  #shut: Shut | undefined;
  /** Requests that got done in a millisecond, of the last intervals. */
  readonly #rates: number[] = [];
  /** What requests took of late that were alone, and the median of it. */
  readonly #calm: number[] = [];
  #base = 0;

  constructor(bounds: AdmissionBounds) {
    this.#bounds = bounds;
    this.#limit = bounds.maxInFlight;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Requests that may be under way at present. */
  get limit(): number {
    return this.#limit;
  }

  /** @param isUrgent asked only when there is no room: such a request has a reserve beyond it @returns undefined where the request is to be refused */
  enter(now: number, isUrgent: () => boolean = never): Entry | undefined {
    this.#judge(now);
    if (this.#shut !== undefined) {
      this.#shut.came += 1;
      if (this.#inFlight >= this.#limit / 2) this.#shut.crowded += 1;
    }
    if (this.#inFlight >= this.#limit && !(this.#inFlight < this.#bounds.maxInFlight + reserve && isUrgent())) {
      if (this.#shut !== undefined) this.#shut.refused += 1;
      return undefined;
    }
    this.#inFlight += 1;
    return { at: now, place: this.#inFlight };
  }

  leave({ at, place }: Entry, now: number): void {
    this.#inFlight -= 1;
    this.#done += 1;
    if (place <= alone) {
      this.#calm.push(now - at);
      if (this.#calm.length > mostCalm) this.#calm.shift();
    }
    if (this.#waits.length < mostWaits) this.#waits.push(now - at - this.#base);
    if (this.#inFlight < crowd) this.#tooLongSince = undefined;
    this.#judge(now);
  }

  /** One that was let in lasts, and so takes no place: nothing is learnt from it. */
  setAside(): void {
    this.#inFlight -= 1;
  }

  #judge(now: number): void {
    const passed = now - this.#since;
    if (passed < intervalMs || this.#bounds.maxQueueMs === 0) return;
    // An interval in which nothing got done goes on: what comes after a stall all at once is not the pace.
    if (this.#done === 0 && this.#inFlight > 0) return;
    if (this.#done > 0) this.#learn(passed);
    if (this.#shut === undefined) this.#watch(now);
    else this.#reconsider(now, this.#shut);
    this.#done = 0;
    this.#waits = [];
    this.#since = now;
  }

  #learn(passed: number): void {
    this.#rates.push(this.#done / passed);
    if (this.#rates.length > mostRates) this.#rates.shift();
    this.#base = this.#calm.length === 0 ? 0 : median(this.#calm);
  }

  /** The door is open. */
  #watch(now: number): void {
    if (this.#inFlight < crowd || median(this.#waits) <= this.#bounds.maxQueueMs) this.#tooLongSince = undefined;
    else this.#tooLongSince ??= now - intervalMs;
    if (this.#tooLongSince === undefined || now - this.#tooLongSince < patienceMs) return;
    this.#shut = { since: now, came: 0, crowded: 0, refused: 0 };
    this.#limit = this.#fitting();
  }

  /** The door is shut. */
  #reconsider(now: number, shut: Shut): void {
    this.#limit = this.#fitting();
    if (now - shut.since < calmMs) return;
    const idle = this.#inFlight === 0 && now - this.#since >= calmMs;
    const stillNeeded = !idle && shut.refused > shut.came * calmShare && shut.crowded > shut.came / 2;
    this.#shut = stillNeeded ? { since: now, came: 0, crowded: 0, refused: 0 } : undefined;
    if (stillNeeded) return;
    this.#tooLongSince = undefined;
    this.#limit = this.#bounds.maxInFlight;
  }

  #fitting(): number {
    const { maxInFlight, maxQueueMs } = this.#bounds;
    const fitting = Math.floor(Math.max(...this.#rates) * (maxQueueMs / 5 + this.#base));
    return Math.min(maxInFlight, Math.max(alwaysAdmitted, fitting));
  }
}

const never = (): boolean => false;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
