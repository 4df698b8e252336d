import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { type FastifyServerOptions, type RawServerDefault } from "fastify";
import { Counter, Gauge } from "prom-client";
import { ServiceProblem } from "../../kernel/problems.ts";
import { prefersEvents } from "../accept.ts";
import { Admission, type AdmissionBounds } from "../admission.ts";
import { pathOf, problemDocument, problemHeaders, problemMediaType, statusOf } from "../problem-document.ts";
import type { Metrics } from "./metrics.ts";
import { requestIdOf } from "./request-id.ts";

/** Answered whatever the load: the service's own health. */
const exempt: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);

/** What an operator and the holder of a lease need most when the service is overloaded; each has a reserve (GRANT-9, OPEN-7). */
export const urgentRoutes: readonly string[] = [
  "POST /v1/holds",
  "POST /v1/holds/:id/lift",
  "POST /v1/grants/:auth_code/revoke",
  "POST /v1/proposal-approvals/:approval_code/revoke",
  "POST /v1/council-records/:record_code/revoke",
  "POST /v1/signing-keys/:kid/revoke",
  "POST /v1/approval-requests/:apr_code/withdraw",
  "POST /v1/leases/:name/renew",
  "POST /v1/leases/:name/release",
];
const urgent = new RegExp(`^(?:${urgentRoutes.map((route) => route.replace(/:\w+/g, "[^/]+")).join("|")})$`);
/** They last, and so take no place; they are refused like the rest. */
export const streams = /^GET \/v1\/runs\/[^/]+\/events$/;

/** Made once: an error has a stack, and a refusal has to cost next to nothing. */
const overloaded = new ServiceProblem(
  "OVERLOADED",
  "As many requests are under way as can be answered in good time. Nothing was changed.",
  { retryAfterSeconds: 1 },
);
const status = statusOf(overloaded.definition);
const fixedHeaders = {
  ...problemHeaders(overloaded),
  "content-type": problemMediaType,
  "content-security-policy": "default-src 'none'",
  "x-content-type-options": "nosniff",
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Makes the server, with a door before everything else: what cannot be answered in good time is refused before anything was
 * spent on it. No route is looked up, no token, and no byte of a body is read.
 */
export function serverWithDoor(
  bounds: AdmissionBounds,
  metrics: Metrics,
): (handler: Handler, options: FastifyServerOptions) => RawServerDefault {
  const room = new Admission(bounds);
  const refusals = measured(room, metrics);
  const door =
    (handler: Handler): Handler =>
    (request, response) => {
      const path = pathOf(request.url ?? "");
      if (exempt.has(path)) return handler(request, response);
      const entry = room.enter(performance.now(), () => isUrgent(request.method, path));
      if (entry === undefined) {
        refusals.inc();
        metrics.problem(overloaded.code, undefined);
        return refuse(request, response);
      }
      if (streams.test(`${request.method} ${path}`) && prefersEvents(request.headers.accept)) room.setAside();
      else response.once("close", () => room.leave(entry, performance.now()));
      handler(request, response);
    };
  return (handler, options) => {
    const server = http.createServer((options as { http?: http.ServerOptions }).http ?? {}, door(handler));
    // As fastify sets them on a server that it makes itself.
    server.keepAliveTimeout = options.keepAliveTimeout ?? server.keepAliveTimeout;
    server.requestTimeout = options.requestTimeout ?? server.requestTimeout;
    server.setTimeout(options.connectionTimeout ?? 0);
    return server;
  };
}

export function isUrgent(method: string | undefined, path: string): boolean {
  return urgent.test(`${method} ${path}`);
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  const requestId = requestIdOf(request);
  const body = JSON.stringify(problemDocument(overloaded, { requestId, url: request.url ?? "" }));
  response
    .writeHead(status, { ...fixedHeaders, "x-request-id": requestId, "content-length": Buffer.byteLength(body) })
    .end(body);
}

function measured(room: Admission, { registry }: Metrics): Counter {
  const registers = [registry];
  new Gauge({
    name: "countersign_requests_in_flight",
    help: "Requests under way that were let in.",
    registers,
    collect() {
      this.set(room.inFlight);
    },
  });
  new Gauge({
    name: "countersign_requests_in_flight_limit",
    help: "Requests that may be under way at present: less than MAX_IN_FLIGHT while they would wait longer than MAX_QUEUE_MS.",
    registers,
    collect() {
      this.set(room.limit);
    },
  });
  return new Counter({
    name: "countersign_requests_refused_total",
    help: "Requests that were answered 503 before anything was spent on them.",
    registers,
  });
}
