import type { OutgoingRequest } from "./message.ts";

/** A program that calls with a token of its own. */
export interface TokenAccess {
  /** Where the service is, e.g. `https://countersign.example`. */
  readonly url: string;
  readonly token: string;
  readonly session?: never;
}

/** A page that the service itself served, whose browser has the session's cookie. */
export interface SessionAccess {
  /** Empty for the origin that the page came from. */
  readonly url: string;
  /** Asked for each change: the CSRF token of the session, undefined before there is one. */
  readonly session: { readonly csrf: () => string | undefined };
  readonly token?: never;
}

export interface Behaviour {
  /** How often a request that may be sent again is sent at most, the first time included: 4 if absent. */
  readonly attempts?: number | undefined;
  /** Milliseconds that a call may take with all its attempts and pauses: 300,000 if absent. */
  readonly deadlineMs?: number | undefined;
  /** Is shown each request once, with its secrets, before it is sent for the first time. What it throws goes to the caller. */
  readonly onRequest?: ((request: OutgoingRequest) => void) | undefined;
  /** Sends each request, in place of the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Sends nothing: every call throws {@link NotSent} with what it would have sent. */
  readonly dry?: boolean | undefined;
}

export type ClientOptions = (TokenAccess | SessionAccess) & Behaviour;

export interface CallOptions {
  /** Gives the call up, at once wherever it is. A change that was on its way may have been made. */
  readonly signal?: AbortSignal | undefined;
  /** Names this change, so that sending it again changes nothing more. Made anew for each call if absent. */
  readonly idempotencyKey?: string | undefined;
  /** Answers what would happen, and changes nothing. */
  readonly dryRun?: boolean | undefined;
  /** In place of the client's own, for this call. */
  readonly deadlineMs?: number | undefined;
}

/** What a client that is `dry` throws. */
export class NotSent extends Error {
  readonly request: OutgoingRequest;

  constructor(request: OutgoingRequest) {
    super(`${request.method} ${request.url} was not sent`);
    this.name = "NotSent";
    this.request = request;
  }
}
