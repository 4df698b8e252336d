import type { Message, Query } from "./message.ts";
import type { CallOptions } from "./options.ts";
import { each, type PageOf } from "./pages.ts";
import type { Transport } from "./transport.ts";

/** What groups of routes have in common: the four ways in which a request may go out. */
export abstract class Calls {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  protected send<Answer>(message: Message, options?: CallOptions): Promise<Answer> {
    return this.#transport.send<Answer>(message, options);
  }

  /** An answer whose bytes count. */
  protected sendForText(message: Message, options?: CallOptions): Promise<string> {
    return this.#transport.sendForText(message, options);
  }

  /** A stream of events; undefined where the service cannot be reached now. */
  protected openStream(path: string, headers: Readonly<Record<string, string>>, signal?: AbortSignal) {
    return this.#transport.open(path, headers, signal);
  }

  protected get<Answer>(path: string, query?: Query, options?: CallOptions): Promise<Answer> {
    return this.send<Answer>({ method: "GET", path, query, kind: "read" }, options);
  }

  /** A change, under an idempotency key. */
  protected change<Answer>(
    path: string,
    body: unknown,
    options?: CallOptions,
    method: "POST" | "PUT" | "DELETE" = "POST",
  ) {
    return this.send<Answer>({ method, path, body, kind: "change" }, options);
  }

  /** A question that has a body: nothing is written, so that it may be asked again. */
  protected ask<Answer>(path: string, body: unknown, options?: CallOptions): Promise<Answer> {
    return this.send<Answer>({ method: "POST", path, body, kind: "ask" }, options);
  }

  /** The same for a GET. */
  protected text(path: string, as = "application/json", options?: CallOptions, query?: Query): Promise<string> {
    const headers = () => ({ accept: as });
    return this.sendForText({ method: "GET", path, query, headers, kind: "read" }, options);
  }

  /** Every item of a list, page by page as they are asked for. */
  protected every<Item>(path: string, query: Query = {}, options?: CallOptions): AsyncGenerator<Item, void> {
    return each((of) => this.get<PageOf<Item>>(path, of, options), query);
  }
}

/** The path with each `{}` filled in, in order. */
export const at = (path: string, ...names: readonly string[]): string =>
  names.reduce((whole, name) => whole.replace("{}", () => encodeURIComponent(name)), path);
