import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ClientProblem } from "./problem.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Names this change, so that sending it again changes nothing more. Made anew for each call if absent. */
  readonly idempotencyKey?: string | undefined;
  /** Answers what would happen, and changes nothing. */
  readonly dryRun?: boolean | undefined;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Message {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /** Whether it may change something: then it carries an Idempotency-Key. */
  readonly changes?: boolean;
  /** Made for each attempt, since a signature is accepted once. */
  readonly headers?: (body: string) => Readonly<Record<string, string>>;
}

const longestPauseSeconds = 5;

/** Sends messages to one service as one caller. */
export class Transport {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /**
   * One request. A 503 is answered by sending the same once more, with the same key; nothing else is tried again.
   * @throws ClientProblem when the service refuses
   */
  async send<Answer>(message: Message, options: CallOptions = {}): Promise<Answer> {
    return read<Answer>(await this.#deliver(message, options));
  }

  /** The same for an answer whose exact bytes count. @throws ClientProblem when the service refuses */
  async sendForText(message: Message, options: CallOptions = {}): Promise<string> {
    const response = await this.#deliver(message, options);
    return response.ok ? response.text() : read<string>(response);
  }

  /**
   * Opens a stream of server-sent events; undefined where the service could not be reached or is busy.
   * @throws ClientProblem when the service refuses
   */
  async open(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Response | undefined> {
    const all = { accept: "text/event-stream", authorization: `Bearer ${this.#token}`, ...headers };
    let response: Response;
    try {
      response = await fetch(this.#url + path, { headers: all, ...(signal && { signal }) });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return undefined;
    }
    if (response.ok) return response;
    if (response.status === 503 || response.status === 429) {
      await response.body?.cancel();
      return undefined;
    }
    return read<Response>(response);
  }

  async #deliver(message: Message, options: CallOptions): Promise<Response> {
    const key = message.changes === true ? (options.idempotencyKey ?? randomUUID()) : undefined;
    const first = await this.#attempt(message, options, key);
    if (first.status !== 503) return first;
    await first.body?.cancel();
    const seconds = Math.min(Number(first.headers.get("retry-after")) || 1, longestPauseSeconds);
    await pause(seconds * 1_000, undefined, { signal: options.signal });
    return this.#attempt(message, options, key);
  }

  #attempt(message: Message, options: CallOptions, key: string | undefined): Promise<Response> {
    const body = message.body === undefined ? undefined : JSON.stringify(message.body);
    const url = new URL(this.#url + message.path);
    for (const [name, value] of Object.entries(message.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    if (options.dryRun === true) url.searchParams.set("dry_run", "true");
    const headers: Record<string, string> = {
      accept: "application/json",
      authorization: `Bearer ${this.#token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...message.headers?.(body ?? ""),
    };
    const { method } = message;
    return fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(options.signal && { signal: options.signal }),
    });
  }
}

async function read<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  const value = parse(text);
  if (response.ok && value !== undefined) return value as Answer;
  throw new ClientProblem(response.status, typeof value === "object" && value !== null ? { ...value } : {});
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
