import { ServiceProblem } from "./problems.ts";

/** What became of one item: its result, or its own error. */
export type Settled<Result> = { readonly ok: Result } | { readonly error: unknown };

export interface BatchOptions<Item, Result> {
  /** Settles every item of a batch, in their order. What it throws is the fate of all of them. */
  run(items: readonly Item[]): Promise<readonly Settled<Result>[]>;
  /** Items with the same key are never in one batch. */
  key(item: Item): string;
  /** The most items of one batch. */
  readonly most: number;
  /** Batches under way at once. */
  readonly lanes: number;
  /** Items that may wait; one more is refused. */
  readonly waiting: number;
  /** Items of one key that may wait, lest they keep all others out. */
  readonly waitingOfKey: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly key: string;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Requests that arrive together go together: an item that finds a free lane goes at once, alone if need be; while all lanes
 * are busy, items gather and share the next one. Nothing ever waits for company.
 */
export class Batches<Item, Result> {
  readonly #options: BatchOptions<Item, Result>;
  #queue: Waiting<Item, Result>[] = [];
  readonly #ofKey = new Map<string, number>();
  #busy = 0;
  #scheduled = false;

  constructor(options: BatchOptions<Item, Result>) {
    this.#options = options;
  }

  /** @throws ServiceProblem OVERLOADED when too many wait; else as the item was settled */
  add(item: Item): Promise<Result> {
    const key = this.#options.key(item);
    const ofKey = this.#ofKey.get(key) ?? 0;
    if (this.#queue.length >= this.#options.waiting || ofKey >= this.#options.waitingOfKey) {
      return Promise.reject(
        new ServiceProblem("OVERLOADED", "Too many requests of this kind wait. Nothing was changed.", {
          retryAfterSeconds: 1,
        }),
      );
    }
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ item, key, resolve, reject });
      this.#ofKey.set(key, ofKey + 1);
      this.#schedule();
    });
  }

  /** What was read from the sockets in this turn of the event loop gathers before the first lane starts. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#busy < this.#options.lanes && this.#queue.length > 0) void this.#start();
    });
  }

  async #start(): Promise<void> {
    const batch = this.#take();
    this.#busy += 1;
    try {
      const settled = await this.#options.run(batch.map(({ item }) => item));
      for (const [position, one] of batch.entries()) {
        const result = settled[position];
        if (result === undefined) one.reject(new Error("an item of a batch was not settled"));
        else if ("ok" in result) one.resolve(result.ok);
        else one.reject(result.error);
      }
    } catch (error) {
      for (const one of batch) one.reject(error);
    } finally {
      this.#busy -= 1;
      if (this.#queue.length > 0) this.#schedule();
    }
  }

  /** The first ones of the queue, each key once; what is left keeps its order. */
  #take(): Waiting<Item, Result>[] {
    const keys = new Set<string>();
    const batch: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    for (const one of this.#queue) {
      if (batch.length < this.#options.most && !keys.has(one.key)) {
        keys.add(one.key);
        batch.push(one);
        const others = (this.#ofKey.get(one.key) ?? 1) - 1;
        if (others === 0) this.#ofKey.delete(one.key);
        else this.#ofKey.set(one.key, others);
      } else left.push(one);
    }
    this.#queue = left;
    return batch;
  }
}
