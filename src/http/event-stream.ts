import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";

/** Longer than any watcher stays; a route cannot be without a time-out where the server has one. */
export const streamTimeoutMs = 86_400_000;

/**
 * Answers with server-sent events (WHATWG HTML, section 9.2). The first piece is waited for before the headers go, so that
 * a refusal is still a problem document.
 * @param closing when the service drains: a watcher comes back to another process with its last event id
 * @param until makes a further reason to end, from the signal that nobody reads any more
 * @param open makes the pieces; its signal says that nobody reads any more
 */
export async function sendEvents(
  reply: FastifyReply,
  closing: AbortSignal,
  until: (left: AbortSignal) => AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<FastifyReply> {
  const left = new AbortController();
  reply.raw.once("close", () => left.abort());
  const pieces = open(AbortSignal.any([left.signal, closing, until(left.signal)]))[Symbol.asyncIterator]();
  const first = await pieces.next();
  const rest = async function* (): AsyncGenerator<string> {
    if (first.done !== true) yield first.value;
    for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) yield piece.value;
  };
  return reply
    .header("cache-control", "no-store")
    .header("x-accel-buffering", "no")
    .type("text/event-stream; charset=utf-8")
    .send(Readable.from(rest(), { objectMode: false, encoding: "utf8" }));
}

/** One event in its wire form. @param id what the client sends back as Last-Event-ID */
export function serverSentEvent(event: string, data: unknown, id?: number): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
