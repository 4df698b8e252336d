import type { Session } from "./app-context.ts";
import { everySecond } from "./parts/ticker.ts";

/** How the session nears its end. */
export interface Ending {
  readonly kind: "idle" | "absolute";
  /** Milliseconds. */
  readonly left: number;
}

/** From when on people are warned, milliseconds before the end. */
const warnAhead = { idle: 60_000, absolute: 300_000 };
/** Somebody who types sends nothing: then the session is touched this often, milliseconds. */
const touchEvery = 60_000;

/**
 * Knows the server's time and when the session ends: by the session's own words, and by the time of each request since,
 * because every answered request puts the idle end off.
 */
export class SessionWatch {
  readonly #told: (ending: Ending | undefined) => void;
  readonly #touch: () => void;
  readonly #stop: () => void;
  #session: Session | undefined;
  /** The server's time is this much ahead of the browser's monotonic clock, milliseconds. */
  #ahead = Date.now() - performance.now();
  #idleEnd = 0;
  #idleSpan = 0;
  #lastRequest = 0;
  #lastInput = 0;

  constructor(told: (ending: Ending | undefined) => void, touch: () => void) {
    this.#told = told;
    this.#touch = touch;
    const input = () => {
      this.#lastInput = this.now();
    };
    addEventListener("keydown", input, { passive: true });
    addEventListener("pointerdown", input, { passive: true });
    const stopTicking = everySecond(() => this.#look());
    this.#stop = () => {
      removeEventListener("keydown", input);
      removeEventListener("pointerdown", input);
      stopTicking();
    };
  }

  /** The server's time, milliseconds. */
  now(): number {
    return performance.now() + this.#ahead;
  }

  /** A session as the service has just told it; undefined when there is none any more. */
  renew(session: Session | undefined): void {
    this.#session = session;
    if (session === undefined) return this.#told(undefined);
    this.#ahead = Date.parse(session.now) - performance.now();
    this.#idleSpan = Date.parse(session.idle_expires_at) - Date.parse(session.now);
    this.#idleEnd = Date.parse(session.idle_expires_at);
    this.#lastRequest = this.now();
    this.#told(this.#ending());
  }

  /** The service has answered a request of this session. */
  answered(): void {
    this.#lastRequest = this.now();
    this.#idleEnd = this.#lastRequest + this.#idleSpan;
  }

  stop(): void {
    this.#stop();
  }

  #look(): void {
    if (this.#session === undefined) return;
    const now = this.now();
    if (this.#lastInput > this.#lastRequest && now - this.#lastRequest > Math.min(touchEvery, this.#idleSpan / 3)) {
      this.#lastRequest = now;
      this.#touch();
    }
    this.#told(this.#ending());
  }

  #ending(): Ending | undefined {
    if (this.#session === undefined) return undefined;
    const now = this.now();
    const idle = this.#idleEnd - now;
    const absolute = Date.parse(this.#session.expires_at) - now;
    // A session of minutes, as tests have it, is not warned of for all of its life.
    const idleWarning = Math.min(warnAhead.idle, this.#idleSpan / 3);
    if (absolute <= idle && absolute < warnAhead.absolute) return { kind: "absolute", left: absolute };
    if (idle < idleWarning) return { kind: "idle", left: idle };
    return absolute < warnAhead.absolute ? { kind: "absolute", left: absolute } : undefined;
  }
}
