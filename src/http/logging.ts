import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import { pathOf } from "./problem-document.ts";

const secretHeaders = ["authorization", "cookie", "set-cookie", "webhook-signature", "x-api-key"];

/** What pino is started with: structured, with nothing in it that a reader of logs should not have. */
export function loggerOptions(level: string): object {
  return {
    level,
    redact: {
      paths: secretHeaders.flatMap((name) => [`*.headers["${name}"]`, `headers["${name}"]`]),
      censor: "[redacted]",
    },
    serializers: { err: errorForLog },
  };
}

/** An error without the parts in which a database repeats the values of a row (`detail`, `where`, `parameters`). */
export function errorForLog(error: unknown): object | undefined {
  if (!(error instanceof Error)) return typeof error === "string" ? { message: error } : undefined;
  const { code, constraint, table, column } = error as Error & Record<string, unknown>;
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(code === undefined ? {} : { code }),
    ...(constraint === undefined ? {} : { constraint, table, column }),
    ...(error.cause === undefined ? {} : { cause: errorForLog(error.cause) }),
  };
}

/** One line a request, when it is over: who asked what, and what came of it. Neither headers nor bodies nor the query. */
export class RequestLog extends fastify.LogController {
  constructor() {
    super({ requestIdLogLabel: "request_id" });
  }

  override incomingRequest(): void {
    // The line at the end says all of it.
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    const policy = request.routeOptions.config.policy;
    const line = {
      method: request.method,
      path: pathOf(request.raw.url ?? ""),
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      principal: request.caller?.principal,
      code: request.problemCode,
    };
    if (error) request.log.warn({ ...line, err: error }, "request ended early");
    else if (policy?.health) request.log.debug(line, "request");
    else request.log.info(line, "request");
  }
}
