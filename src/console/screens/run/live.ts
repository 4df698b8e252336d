import type { ReactiveController, ReactiveControllerHost } from "lit";
import { ClientProblem } from "../../../client/index.ts";
import type { Run, RunEvent } from "../../../runs/index.ts";
import type { AppContext } from "../../app-context.ts";

export type LiveState = "connecting" | "live" | "lost" | "paused" | "ended";

/** How long before a stream that is lost for the client is asked for anew. */
const againMs = 1_500;
/** The run is read again after its events, but not more often than that. */
const readEveryMs = 400;

/**
 * A run and its events as they come. A stream that is lost is taken up again behind the last event, however long the
 * service is away; whoever watches sees that it is lost, and misses nothing.
 */
export class LiveRun implements ReactiveController {
  run: Run | undefined;
  events: RunEvent[] = [];
  state: LiveState = "connecting";
  problem: unknown;
  readonly #host: ReactiveControllerHost;
  #app: AppContext | undefined;
  #root = "";
  #abort: AbortController | undefined;
  #reading = false;
  #stale = false;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  /** Begins with another run. */
  follow(app: AppContext, root: string): void {
    this.#root = root;
    this.run = undefined;
    this.events = [];
    this.problem = undefined;
    this.#open(app);
  }

  pause(): void {
    this.#close();
    if (this.state !== "ended") this.#become("paused");
  }

  resume(): void {
    if (this.#app !== undefined) this.#open(this.#app);
  }

  /** Reads the run itself once more, e.g. after it was told to stop. */
  refresh(): void {
    const signal = this.#abort?.signal;
    if (signal !== undefined) void this.#read(signal);
  }

  hostDisconnected(): void {
    this.#close();
  }

  #open(app: AppContext): void {
    this.#close();
    this.#app = app;
    const abort = new AbortController();
    this.#abort = abort;
    this.#become("connecting");
    void this.#watch(app, abort.signal);
  }

  #close(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#reading = false;
  }

  #become(state: LiveState): void {
    this.state = state;
    this.#host.requestUpdate();
  }

  async #watch(app: AppContext, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#read(signal);
      if (this.problem !== undefined || signal.aborted) return;
      try {
        await this.#take(app, signal);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) {
          this.problem = error;
          this.#become("ended");
          return;
        }
        this.#become("lost");
        await pause(againMs, signal);
      }
    }
  }

  /** The events of one stream, up to the end of the run. */
  async #take(app: AppContext, signal: AbortSignal): Promise<void> {
    const after = this.events.at(-1)?.seq ?? 0;
    const onStream = (stream: "open" | "lost"): void => {
      if (!signal.aborted) this.#become(stream === "open" ? "live" : "lost");
    };
    for await (const event of app.client.runEvents(this.#root, { after, signal, onStream })) {
      if (signal.aborted) return;
      this.events = [...this.events, event];
      void this.#read(signal);
    }
    if (signal.aborted) return;
    await this.#read(signal);
    this.#become("ended");
  }

  /** The run itself: one reading at a time, and one more if something has come meanwhile. */
  async #read(signal: AbortSignal): Promise<void> {
    if (this.#reading) {
      this.#stale = true;
      return;
    }
    this.#reading = true;
    try {
      do {
        this.#stale = false;
        const run = await this.#app?.client.readRun(this.#root, { signal });
        if (signal.aborted) return;
        this.run = run;
        this.#host.requestUpdate();
        await pause(this.#stale ? readEveryMs : 0, signal);
      } while (this.#stale && !signal.aborted);
    } catch (error) {
      if (signal.aborted) return;
      if (this.run === undefined || error instanceof ClientProblem)
        this.problem = this.run === undefined ? error : undefined;
      this.#host.requestUpdate();
    } finally {
      if (this.#abort?.signal === signal) this.#reading = false;
    }
  }
}

/** Waits; at once where the signal says that nobody does any more. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Whether asking again would be answered alike: the run is not there, or the person may not see it. */
const isFinal = (error: unknown): boolean =>
  error instanceof ClientProblem && error.status >= 400 && error.status < 500 && error.status !== 429;
