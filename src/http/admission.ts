/** What a process lets in at once. */
export interface AdmissionBounds {
  /** Requests under way; one more is refused, however fast they get done. */
  readonly maxInFlight: number;
  /** Milliseconds that a request may be expected to wait for those that are under way already; 0: as long as it takes. */
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
/** Half of them are a crowd; what a crowd teaches, fewer do not. */
const crowd = alwaysAdmitted / 2;
/** So few wait for nobody: what they take is what the work itself takes. */
const alone = 8;
/** Kept free for what must get through when nothing else does. */
const reserve = 64;
/** How often the pace is judged anew, in milliseconds. */
const intervalMs = 100;
/** Times remembered: of one interval, and of those that were alone. */
const mostPaces = 512;
const mostCalm = 64;

/**
 * Decides how many requests may be under way. Refusing late is dear: work that waits for seconds is paid for and then of use
 * to nobody. While a crowd stands (not merely bursts), the pace is learnt from those that are let in: what each took, less
 * what the same work takes alone, divided by its place. The next is refused once its place times that pace is more than the
 * bound allows: Little's law, with the median of the last tenth of a second. A burst is let in whole, up to the bound on their
 * number, and a database that is merely far away is no crowd.
 *
 * Pure, without a clock of its own: times are milliseconds of the caller's.
 */
export class Admission {
  readonly #bounds: AdmissionBounds;
  #inFlight = 0;
  #limit: number;
  /** Since when the present interval lasts, since when a crowd stands in it, and how long others stood before. */
  #since = 0;
  #crowdedSince = 0;
  #crowdedFor = 0;
  #paces: number[] = [];
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
    if (this.#inFlight >= alwaysAdmitted) this.#judge(now);
    if (this.#inFlight >= this.#limit && !(this.#inFlight < this.#bounds.maxInFlight + reserve && isUrgent()))
      return undefined;
    this.#inFlight += 1;
    if (this.#inFlight === crowd) this.#crowdedSince = now;
    return { at: now, place: this.#inFlight };
  }

  leave({ at, place }: Entry, now: number): void {
    if (this.#inFlight === crowd) this.#crowdedFor += now - Math.max(this.#crowdedSince, this.#since);
    this.#inFlight -= 1;
    if (place <= alone) {
      this.#calm.push(now - at);
      if (this.#calm.length > mostCalm) this.#calm.shift();
    } else if (place >= crowd && this.#paces.length < mostPaces) {
      this.#paces.push(Math.max(0, now - at - this.#base) / place);
    }
  }

  /** Called while there is a crowd. */
  #judge(now: number): void {
    const passed = now - this.#since;
    if (passed < intervalMs) return;
    const stood = this.#crowdedFor + now - Math.max(this.#crowdedSince, this.#since);
    const { maxInFlight, maxQueueMs } = this.#bounds;
    if (maxQueueMs === 0 || stood < passed / 2) this.#limit = maxInFlight;
    else if (this.#paces.length > 0) {
      const fitting = Math.floor(maxQueueMs / Math.max(median(this.#paces), 1e-6));
      this.#limit = Math.min(maxInFlight, Math.max(alwaysAdmitted, fitting));
    }
    this.#base = this.#calm.length === 0 ? 0 : median(this.#calm);
    this.#paces = [];
    this.#crowdedFor = 0;
    this.#since = now;
  }
}

const never = (): boolean => false;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
