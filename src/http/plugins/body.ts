import type { FastifyInstance, FastifyRequest } from "fastify";
import { readJson } from "../../kernel/json.ts";
import { ServiceProblem } from "../../kernel/problems.ts";

const acceptedType = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/**
 * The only way in for a body: `application/json` in UTF-8, read strictly from its bytes, which are kept for whoever
 * checks a signature over them.
 */
export function bodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    try {
      request.rawBody = bytes as Buffer;
      done(null, bytes.length === 0 ? undefined : readJson(bytes as Buffer));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
  app.addHook("onRequest", (request, _reply, done) => done(faultOfHeaders(request)));
  app.addHook("preValidation", (request, _reply, done) => done(faultOfPresence(request)));
}

/** Looks at the headers before a byte of the body is read. */
function faultOfHeaders(request: FastifyRequest): Error | undefined {
  const { headers, method } = request.raw;
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
  if (!hasBody) return undefined;
  if (method === "GET" || method === "HEAD") {
    return new ServiceProblem("INVALID_REQUEST", `A ${method} request takes no body. Send it without one.`);
  }
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity") {
    return new ServiceProblem(
      "UNSUPPORTED_MEDIA_TYPE",
      "The body must not be compressed: send it without a content-encoding.",
    );
  }
  if (!acceptedType.test(headers["content-type"] ?? "")) {
    return new ServiceProblem("UNSUPPORTED_MEDIA_TYPE", "Send the body as `content-type: application/json`, in UTF-8.");
  }
  return undefined;
}

/** A route that takes no body takes an empty object as none. */
function faultOfPresence(request: FastifyRequest): Error | undefined {
  const { takesBody = false, bodyOptional = false } = request.routeOptions.config.policy ?? {};
  if (bodyOptional && request.body === undefined) request.body = {};
  const detail =
    takesBody && request.body === undefined
      ? "A JSON body is required."
      : !takesBody && request.body !== undefined && !isEmptyObject(request.body)
        ? "This request takes no body. Send it without one."
        : undefined;
  if (detail === undefined) return undefined;
  return new ServiceProblem("INVALID_REQUEST", detail, { errors: [{ pointer: "", detail }] });
}

function isEmptyObject(body: unknown): boolean {
  return typeof body === "object" && body !== null && !Array.isArray(body) && Object.keys(body).length === 0;
}
