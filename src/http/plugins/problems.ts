import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Problem } from "../../kernel/problem.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { internalError, problemDocument, problemHeaders, problemMediaType, statusOf } from "../problem-document.ts";
import { invalidRequest } from "../validation-errors.ts";
import type { RateLimiter } from "./rate-limit.ts";

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Longer than any path of ours; an index entry has to hold it (idempotency keys). */
const maxUrlLength = 2_000;

/** Every error leaves as one shape (RFC 9457), and an unexpected one says nothing about the inside. */
export function problems(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) => sendProblem(notFound(app, request, reply), request, reply));
}

/**
 * Answers unknown paths and methods before anything else looks at them, and refuses targets that no route can want.
 * A body sent to nowhere is not read.
 */
export function unknownTargets(app: FastifyInstance, limiter: RateLimiter): void {
  app.addHook("onRequest", async (request, reply) => {
    const url = request.raw.url ?? "";
    if (url.length > maxUrlLength) throw invalidTarget(`The URL is longer than ${maxUrlLength} characters.`);
    if (url.includes("%00")) throw invalidTarget("The URL contains an encoded U+0000 (%00).");
    if (!request.is404 && !hasEmptyPart(request.params)) return;
    await limiter.countAddress(request);
    throw notFound(app, request, reply);
  });
}

/** Sends whatever was thrown as a problem document. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request.routeOptions.bodyLimit);
  const status = statusOf(problem.definition);
  request.problemCode = problem.code;
  request.problemOutcome = typeof problem.members["outcome"] === "string" ? problem.members["outcome"] : undefined;
  // Whoever is refused for the load of others is no fault to be looked into, and there are thousands of them.
  const isFault = status >= 500 && problem.code !== "OVERLOADED";
  if (isFault) request.log.error({ err: problem.cause ?? problem, code: problem.code }, problem.message);
  else if (problem.cause !== undefined) request.log.debug({ err: problem.cause, code: problem.code }, problem.message);
  return reply
    .code(status)
    .headers({ "x-request-id": request.id, ...problemHeaders(problem) })
    .type(problemMediaType)
    .send(JSON.stringify(problemDocument(problem, { requestId: request.id, url: request.raw.url ?? "" })));
}

/** What an error of ours, of fastify or of anything else means to the client. */
export function problemOf(error: unknown, bodyLimit = 0): Problem {
  if (error instanceof Problem) return error;
  const { code, validation, validationContext, statusCode } = error as Partial<FastifyError>;
  if (validation !== undefined) return invalidRequest(validation, validationContext ?? "body");
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new ServiceProblem("PAYLOAD_TOO_LARGE", `The body is larger than ${Math.floor(bodyLimit / 1024)} KiB.`);
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new ServiceProblem(
        "UNSUPPORTED_MEDIA_TYPE",
        "Send the body as `content-type: application/json`, in UTF-8.",
      );
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new ServiceProblem("INVALID_REQUEST", "The body is not as long as its content-length says.");
    case "FST_ERR_BAD_URL":
      return invalidTarget("The path is not valid percent-encoded UTF-8.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return invalidTarget("A part of the path is too long.");
    case "FST_ERR_HANDLER_TIMEOUT":
      return new ServiceProblem(
        "DATABASE_UNAVAILABLE",
        "The request did not finish in time, so its outcome is unknown. Send the same request again to find out.",
        { retryAfterSeconds: 1, members: { outcome: "unknown" }, cause: error },
      );
    default:
  }
  // What else has a 4xx is the client's connection or framing: nothing of its text is ours to repeat.
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new ServiceProblem("INVALID_REQUEST", "The request could not be read.", { cause: error });
  }
  return internalError(error);
}

function invalidTarget(detail: string): Problem {
  return new ServiceProblem("INVALID_REQUEST", detail);
}

function notFound(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Problem {
  const url = request.raw.url ?? "";
  const allowed = methods.filter((method) => {
    const found = app.findRoute({ method, url });
    return found !== null && !hasEmptyPart(found.params);
  });
  if (allowed.length === 0) return new ServiceProblem("NOT_FOUND", "There is nothing at this path.");
  reply.header("allow", allowed.join(", "));
  return new ServiceProblem("METHOD_NOT_ALLOWED", `This path offers ${allowed.join(", ")}.`);
}

/** The router takes `/things/` for a thing with an empty name. */
function hasEmptyPart(params: unknown): boolean {
  return Object.values(params as object).includes("");
}
