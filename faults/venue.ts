import { setTimeout as pause } from "node:timers/promises";
import type { Batch } from "./batches.ts";
import { Closing } from "./closing.ts";
import type { Cluster } from "./scene/cluster.ts";
import type { Place, PlaceOptions } from "./scene/place.ts";

/** Where one batch after the other is played: the place is kept as long as the next batch can use it as it is. */
export class Venue {
  readonly #tell: (line: string) => void;
  #here:
    | { readonly place: Place; readonly naive: boolean; readonly cluster: Cluster; readonly closing: Closing }
    | undefined;
  #spoilt = false;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** Something is wrong with it: whoever comes next needs another one. */
  spoil(): void {
    this.#spoilt = true;
  }

  /** Takes a batch from the queue: one of the same place if there is any. */
  next(queue: Batch[]): Batch | undefined {
    const at = queue.findIndex(({ place }) => place === this.#here?.place);
    return queue.splice(Math.max(at, 0), 1)[0];
  }

  /** @throws NotHere */
  async enter(place: Place, options: PlaceOptions): Promise<Cluster> {
    const here = this.#here;
    const fits = here?.place === place && !this.#spoilt;
    if (fits && (place.forBoth === true || here.naive === options.naive)) return here.cluster;
    await this.leave();
    const closing = new Closing();
    try {
      const cluster = await place.open(closing, options);
      this.#here = { place, naive: options.naive, cluster, closing };
      return cluster;
    } catch (error) {
      await closeSoon(closing, this.#tell);
      throw error;
    }
  }

  async leave(): Promise<void> {
    const here = this.#here;
    this.#here = undefined;
    this.#spoilt = false;
    if (here !== undefined) await closeSoon(here.closing, this.#tell);
  }
}

/** What cannot be undone holds nobody up. */
export async function closeSoon(closing: Closing, tell: (line: string) => void): Promise<void> {
  const late = pause(60_000, "it takes too long", { ref: false });
  const said = await Promise.race([closing.close(), late]).catch((error: unknown) => String(error));
  if (said !== undefined) tell(`something is left behind: ${said}`);
}
