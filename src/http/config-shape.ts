import type { AdmissionBounds } from "./admission.ts";

/** What the HTTP edge needs to know; `config.ts` fills it from the environment. */
export interface HttpConfig extends AdmissionBounds {
  /** Requests a minute, for each principal and for each address of the unauthenticated. */
  readonly rateLimitMax: number;
  /** Where set, `/metrics` answers only to this bearer token. */
  readonly metricsToken?: string | undefined;
  /** Bytes. */
  readonly bodyLimit: number;
  /** How long a request may take from its last byte to its answer. */
  readonly requestTimeoutMs: number;
  /** Mean delay of the event loop over a second, beyond which requests are shed; 0 never sheds. */
  readonly maxEventLoopDelayMs: number;
  /** Requests that may wait for a database connection; the next one is shed. */
  readonly maxWaiting: number;
  /** Who may read the audit log as files. */
  readonly logReaders: "auditors" | "everyone";
}

export const httpDefaults: HttpConfig = {
  rateLimitMax: 6_000,
  bodyLimit: 256 * 1024,
  requestTimeoutMs: 20_000,
  maxEventLoopDelayMs: 1_000,
  maxWaiting: 1_000,
  logReaders: "auditors",
  maxInFlight: 1_000,
  maxQueueMs: 0,
};
