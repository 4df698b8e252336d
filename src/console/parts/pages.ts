import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { PageOf } from "../../client/index.ts";

export type ReadPage<Item> = (cursor: string | undefined, signal: AbortSignal) => Promise<PageOf<Item>>;

/** A list that is read page after page by its cursor (keyset): `start` with each new question, `more` at its end. */
export class Pages<Item> implements ReactiveController {
  items: readonly Item[] = [];
  problem: unknown;
  busy = false;
  /** Whether all of it is here. */
  complete = false;
  /** Whether the first page has come. */
  begun = false;
  readonly #host: ReactiveControllerHost;
  #read: ReadPage<Item> | undefined;
  #cursor: string | undefined;
  #abort: AbortController | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  /** A new question: what was there stays until its first page has come. */
  async start(read: ReadPage<Item>): Promise<void> {
    this.#abort?.abort();
    this.#read = read;
    this.#cursor = undefined;
    this.complete = false;
    this.begun = false;
    this.busy = false;
    await this.more();
  }

  async more(): Promise<void> {
    const read = this.#read;
    if (read === undefined || this.busy || this.complete) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    this.#host.requestUpdate();
    try {
      const page = await read(this.#cursor, abort.signal);
      if (this.#abort !== abort) return;
      this.items = this.begun ? [...this.items, ...page.items] : page.items;
      this.begun = true;
      this.#cursor = page.next_cursor ?? undefined;
      this.complete = page.next_cursor === null;
      this.problem = undefined;
    } catch (error) {
      if (this.#abort === abort) this.problem = error;
    } finally {
      if (this.#abort === abort) {
        this.busy = false;
        this.#host.requestUpdate();
      }
    }
  }

  hostDisconnected(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.busy = false;
  }
}
