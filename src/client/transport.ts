import { type Answer, isGood, parse, refusalIn, whole } from "./answer.ts";
import { Attempts } from "./attempts.ts";
import type { Message, OutgoingRequest, Query } from "./message.ts";
import { type CallOptions, type ClientOptions, NotSent } from "./options.ts";
import { newId } from "./random.ts";

/** Sends messages to one service as one caller. */
export class Transport {
  readonly #options: ClientOptions;
  readonly #url: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    if (options.session === undefined && !URL.canParse(options.url)) throw new TypeError(`${options.url} is not a URL`);
    if (!/^[\x21-\x7e]*$/.test(options.token ?? "")) throw new TypeError("the token is not one line of visible ASCII");
    this.#url = options.url.replace(/\/+$/, "");
  }

  /**
   * One request, sent again where that is safe and there is hope ({@link Attempts}).
   * @throws ClientProblem when the service refuses, or cannot be reached
   * @throws UnknownOutcome when a change may have been made and the answer was lost
   */
  async send<Body>(message: Message, options: CallOptions = {}): Promise<Body> {
    const answer = await this.#deliver(message, options);
    if (answer.status === 204) return undefined as Body;
    const value = parse(answer.text);
    if (isGood(answer) && value !== undefined) return value as Body;
    throw refusalIn(answer);
  }

  /** The same for an answer whose exact bytes count. */
  async sendForText(message: Message, options: CallOptions = {}): Promise<string> {
    const answer = await this.#deliver(message, options);
    if (isGood(answer)) return answer.text;
    throw refusalIn(answer);
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
    const message: Message = { method: "GET", path, kind: "read" };
    const request = await this.#request(message, {}, undefined, { accept: "text/event-stream", ...headers });
    this.#show(request);
    let response: Response;
    try {
      response = await this.#fetch(request, signal);
    } catch (error) {
      if (signal?.aborted === true) throw error;
      return undefined;
    }
    if (response.ok) return response;
    const answer = await whole(response);
    if ([429, 502, 503, 504].includes(answer.status)) return undefined;
    throw refusalIn(answer);
  }

  async #deliver(message: Message, options: CallOptions): Promise<Answer> {
    const key = message.kind === "change" ? (options.idempotencyKey ?? newId()) : undefined;
    const attempts = new Attempts({
      signal: options.signal,
      deadlineMs: options.deadlineMs ?? this.#options.deadlineMs,
      most: message.kind === "once" ? 1 : this.#options.attempts,
      changes: /^(change|once)$/.test(message.kind) && options.dryRun !== true,
      idempotencyKey: key,
    });
    let shown = false;
    return attempts.untilAnswered(async (signal) => {
      const request = await this.#request(message, options, key);
      if (!shown) this.#show(request);
      shown = true;
      return () => this.#fetch(request, signal).then(whole);
    });
  }

  async #request(
    message: Message,
    options: CallOptions,
    key: string | undefined,
    further: Readonly<Record<string, string>> = {},
  ): Promise<OutgoingRequest> {
    const body = message.body === undefined ? undefined : JSON.stringify(message.body);
    const { token, session } = this.#options;
    const csrf = message.method === "GET" ? undefined : session?.csrf();
    const headers: Record<string, string> = {
      accept: "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(csrf === undefined ? {} : { "x-csrf-token": csrf }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...(await message.headers?.(body ?? "")),
      ...further,
    };
    const url = this.#url + message.path + queryOf(message.query ?? {}, options);
    return { method: message.method, url, headers, ...(body === undefined ? {} : { body }) };
  }

  #show(request: OutgoingRequest): void {
    this.#options.onRequest?.(request);
    if (this.#options.dry === true) throw new NotSent(request);
  }

  #fetch({ method, url, headers, body }: OutgoingRequest, signal: AbortSignal | undefined): Promise<Response> {
    // Called as a function: a browser's own refuses to be a method of something else.
    const send = this.#options.fetch ?? fetch;
    return send(url, {
      method,
      headers,
      // A token beside a cookie would be two callers; and nobody is sent elsewhere with either.
      credentials: this.#options.session === undefined ? "omit" : "same-origin",
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
      ...(signal && { signal }),
    });
  }
}

function queryOf(query: Query, { dryRun }: CallOptions): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  if (dryRun === true) search.set("dry_run", "true");
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}
