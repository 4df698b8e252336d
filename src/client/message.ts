export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Message {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /**
   * What sending it again would do. A `read` or an `ask` (a question with a body) writes nothing; a `change` has an
   * idempotency key, so that the second is answered like the first; whatever happens `once` is never sent again.
   */
  readonly kind: "read" | "ask" | "change" | "once";
  /** Made for each attempt, since a signature is accepted once. */
  readonly headers?: (body: string) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

/** A request as it goes out. */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}
