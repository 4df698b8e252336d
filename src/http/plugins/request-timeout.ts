import { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyContextConfig {
    /** How long a request may take, where that is more than the time of all others. Milliseconds. */
    timeoutMs?: number;
  }
}

/**
 * Answers a request that has taken too long that its outcome is unknown (OPEN-7); what it began goes on to its end.
 * Fastify's own `handlerTimeout` ends with the body of the request, and makes an error of each request that is answered.
 */
export function requestTimeout(app: FastifyInstance, timeoutMs: number): void {
  app.addHook("onRequest", (request, reply, done) => {
    const patience = Math.max(timeoutMs, request.routeOptions.config.timeoutMs ?? 0);
    const timer = setTimeout(expire, patience, request, reply);
    // Neither the body's end nor the hook of an answer will do: a client may go before there is one.
    reply.raw.once("close", () => clearTimeout(timer));
    done();
  });
}

function expire(request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent) return;
  const error = new errorCodes.FST_ERR_HANDLER_TIMEOUT(String(reply.elapsedTime), request.routeOptions.url);
  // Of an answer that is on its way nothing can be taken back.
  if (reply.raw.headersSent) reply.raw.destroy(error);
  else reply.send(error);
}
