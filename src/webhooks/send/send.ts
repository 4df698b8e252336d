import http from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import { literalOf, type TargetGuard, TargetRefused } from "./guard.ts";
import type { Resolve } from "./resolve.ts";

export interface SendOptions {
  readonly guard: TargetGuard;
  readonly resolve: Resolve;
  /** For everything up to the head of the answer. Milliseconds. */
  readonly timeoutMs: number;
  /** Bytes of an answer's body that are read. */
  readonly answerBytes: number;
  readonly userAgent: string;
  /** Certificates that are trusted in place of the system's. */
  readonly ca?: string;
}

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How an attempt ended. Nothing that a receiver writes is in it but the status. */
export interface Attempt {
  readonly delivered: boolean;
  readonly status: number | null;
  readonly error: string | null;
  /** There was no answer at all: whoever is there may be down. */
  readonly silent: boolean;
}

export type Send = (message: Message, stop: AbortSignal) => Promise<Attempt>;

/** More than any answer's head needs. */
const headBytes = 16_384;
/** How long the rest of an answer may take: it says nothing more. */
const restMs = 500;

const failed = (error: string, status: number | null = null): Attempt => ({
  delivered: false,
  status,
  error: error.slice(0, 300),
  silent: status === null,
});

/**
 * Makes one attempt at a time: the name is resolved, each address is judged, and the connection is made to one that was judged and to no
 * other (DNS rebinding). Redirects are not followed. What the head of the answer says counts; its body is not looked at.
 * @returns a function that never throws, and answers within `timeoutMs` and half a second
 */
export function makeSender(options: SendOptions): Send {
  return async (message, stop) => {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const signal = AbortSignal.any([deadline, stop]);
    try {
      const url = options.guard.url(message.url);
      const addresses = await withSignal(addressesOf(url, options, signal), signal);
      return await post(url, addresses, message, { ...options, signal });
    } catch (error) {
      if (error instanceof TargetRefused) return { ...failed(error.message), silent: false };
      if (stop.aborted) return failed("the service was stopped");
      if (deadline.aborted) return failed(`no answer within ${options.timeoutMs} ms`);
      return failed(reasonOf(error));
    }
  };
}

/** @throws TargetRefused where one of them may not be sent to */
async function addressesOf(url: URL, { guard, resolve }: SendOptions, signal: AbortSignal): Promise<readonly string[]> {
  const literal = literalOf(url);
  const found = literal === undefined ? await resolve(url.hostname, signal) : [literal];
  for (const address of found) guard.address(address, url.protocol);
  return found;
}

async function withSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let give: ((reason: unknown) => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    give = () => reject(signal.reason as Error);
    signal.addEventListener("abort", give, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (give !== undefined) signal.removeEventListener("abort", give);
    work.catch(() => undefined);
  }
}

/** Answers the judged addresses, whatever is asked. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_host, options, answer) => {
    const [first] = all;
    if (first === undefined) answer(new Error("no address"), "", 0);
    else if (options.all === true) answer(null, all);
    else answer(null, first.address, first.family);
  };
}

function post(
  url: URL,
  addresses: readonly string[],
  { headers, body }: Message,
  { answerBytes, userAgent, signal, ca }: SendOptions & { readonly signal: AbortSignal },
): Promise<Attempt> {
  if (addresses.length === 0) return Promise.resolve(failed("the name of the host has no address"));
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === "https:" ? https : http;
    const bytes = Buffer.from(body);
    let judged: Attempt | undefined;
    // What happens to a connection after the head of an answer changes nothing in what it says.
    const ended = (why: Error): void => (judged === undefined ? reject(why) : resolve(judged));
    const asked = request(
      url,
      {
        method: "POST",
        // A connection of its own, to the address that was judged for this very attempt.
        agent: false,
        lookup: lookupOf(addresses),
        headers: {
          "user-agent": userAgent,
          accept: "*/*",
          "content-type": "application/json",
          "content-length": bytes.length,
          connection: "close",
          ...headers,
        },
        maxHeaderSize: headBytes,
        insecureHTTPParser: false,
        signal,
        ...(url.protocol === "https:" && { rejectUnauthorized: true, minVersion: "TLSv1.2", ...(ca && { ca }) }),
      },
      (answer) => {
        const attempt = judge(answer.statusCode ?? 0);
        judged = attempt;
        letGo(answer, answerBytes, () => {
          asked.destroy();
          resolve(attempt);
        });
      },
    );
    asked.on("error", ended);
    asked.once("close", () => ended(new Error("the connection was closed before an answer")));
    asked.end(bytes);
  });
}

/** Reads a little of what follows the head, as a polite client does, and closes the connection. */
function letGo(answer: http.IncomingMessage, most: number, done: () => void): void {
  let read = 0;
  const end = (): void => {
    clearTimeout(timer);
    done();
  };
  const timer = setTimeout(() => answer.destroy(), restMs);
  answer.on("data", (chunk: Buffer) => {
    read += chunk.length;
    if (read > most) answer.destroy();
  });
  answer.on("error", () => undefined);
  answer.once("close", end);
}

function judge(status: number): Attempt {
  if (status >= 200 && status < 300) return { delivered: true, status, error: null, silent: false };
  if (status >= 300 && status < 400) return failed(`redirects are not followed (${status})`, status);
  return failed(`answered ${status}`, status);
}

/** Why there was no answer, by the code that Node has for it. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message.slice(0, 200);
  return `no answer: ${/^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : "failed"}`;
}
