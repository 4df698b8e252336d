import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

const sane = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's own `x-request-id` where it is harmless in a log, else a fresh one. */
export function requestIdOf(request: IncomingMessage): string {
  const sent = request.headers["x-request-id"];
  return typeof sent === "string" && sane.test(sent) ? sent : randomUUID();
}

/** Puts the request's id on every answer, errors included. */
export function requestIds(app: FastifyInstance): void {
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-request-id", request.id);
    done();
  });
}
