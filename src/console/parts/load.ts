import type { ReactiveController, ReactiveControllerHost } from "lit";

/** One thing that an element loads and shows: a later load overtakes an earlier one, which is aborted. */
export class Load<Value> implements ReactiveController {
  value: Value | undefined;
  problem: unknown;
  busy = false;
  readonly #host: ReactiveControllerHost;
  #abort: AbortController | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  /** Loads; what was loaded before stays until the new value is there. */
  async run(work: (signal: AbortSignal) => Promise<Value>): Promise<Value | undefined> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    this.#host.requestUpdate();
    try {
      const value = await work(abort.signal);
      if (this.#abort !== abort) return undefined;
      this.value = value;
      this.problem = undefined;
      return value;
    } catch (error) {
      if (this.#abort === abort) this.problem = error;
      return undefined;
    } finally {
      if (this.#abort === abort) {
        this.busy = false;
        this.#host.requestUpdate();
      }
    }
  }

  /** Forgets what was loaded, e.g. because the address names another thing. */
  clear(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.value = undefined;
    this.problem = undefined;
    this.busy = false;
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.busy = false;
  }
}
