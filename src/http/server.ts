import fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { IdempotencyProblem } from "../idempotency/index.ts";
import type { ProblemTable } from "../kernel/problem.ts";
import { SessionProblem } from "../sessions/index.ts";
import type { HttpConfig } from "./config-shape.ts";
import { RequestLog } from "./logging.ts";
import { serverWithDoor } from "./plugins/admission.ts";
import { authentication } from "./plugins/authentication.ts";
import { bodies } from "./plugins/body.ts";
import { answerClientError } from "./plugins/client-errors.ts";
import { loadShedding } from "./plugins/load-shedding.ts";
import { requestMetrics } from "./plugins/metrics.ts";
import { openapi } from "./plugins/openapi.ts";
import { problems, sendProblem, unknownTargets } from "./plugins/problems.ts";
import { rateLimiter } from "./plugins/rate-limit.ts";
import { requestTimeout } from "./plugins/request-timeout.ts";
import { requestIdOf, requestIds } from "./plugins/request-id.ts";
import { securityHeaders } from "./plugins/security-headers.ts";
import { guardRoutes } from "./policy.ts";
import { problemCatalogue } from "./problem-document.ts";
import { registerRoutes } from "./register-routes.ts";
import { type Route, slowAnswerMs } from "./route.ts";
import { consoleRoutes } from "./routes/system/console.ts";
import { documentationRoutes } from "./routes/system/documentation.ts";
import { healthRoutes } from "./routes/system/health.ts";
import { logFileRoutes } from "./routes/system/log-files.ts";
import { metricsRoute } from "./routes/system/metrics.ts";
import type { Services } from "./services.ts";
import { compileAtFirstUse } from "./validators.ts";

export interface ServerOptions {
  readonly services: Services;
  readonly config: HttpConfig;
  /** A pino logger made with `loggerOptions`; nothing is logged without one. */
  readonly logger?: FastifyBaseLogger;
  readonly routes: readonly Route[];
  /** The problem tables of the domains; those of the kernel, of idempotency and of sessions are known. */
  readonly problemTables: readonly ProblemTable[];
  /** Of the service, for the API document. */
  readonly version: string;
  /** Where the built console is, if not beside the sources. */
  readonly consoleDirectory?: string;
}

/**
 * Puts the HTTP side together. The order of the hooks is the order of the checks: target, load, who, rate, role, and
 * only then the body.
 *
 * @throws Error at once or from `ready()` where a route is not fully declared
 */
export function buildServer({
  services,
  config,
  logger,
  routes,
  problemTables,
  version,
  consoleDirectory,
}: ServerOptions): FastifyInstance {
  const app = createServer(config, services.metrics, logger);
  const catalogue = problemCatalogue([IdempotencyProblem.table, SessionProblem.table, ...problemTables]);

  app.setSerializerCompiler(() => (payload) => JSON.stringify(payload));
  guardRoutes(app);
  problems(app);
  openapi(app, { version, catalogue });

  requestTimeout(app, config.requestTimeoutMs);
  requestIds(app);
  requestMetrics(app, services.metrics);
  securityHeaders(app);
  const limiter = rateLimiter(app, config.rateLimitMax);
  unknownTargets(app, limiter);
  loadShedding(app, services.database, config);
  authentication(app, services, limiter);
  bodies(app);

  app.register(async (scope) => {
    healthRoutes(scope, services);
    metricsRoute(scope, services, config.metricsToken);
    logFileRoutes(scope, services, config.logReaders);
    documentationRoutes(scope, catalogue);
    consoleRoutes(scope, consoleDirectory);
    registerRoutes(scope, routes, services, { catalogue, maxWaiting: config.maxWaiting });
  });
  return app;
}

function createServer(
  config: HttpConfig,
  metrics: Services["metrics"],
  logger: FastifyBaseLogger | undefined,
): FastifyInstance {
  const receiveMs = 15_000;
  return fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new RequestLog(),
    serverFactory: serverWithDoor(config, metrics),
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: false,
    bodyLimit: config.bodyLimit,
    routerOptions: {
      // An idempotency root is a path parameter: 200 characters, percent-encoded.
      maxParamLength: 2_400,
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
    },
    // Requests that arrive on an open connection during the drain are served, and told that it closes.
    return503OnClosing: false,
    forceCloseConnections: "idle",
    requestTimeout: receiveMs,
    // The silence of a socket while its request is worked on is not the client's fault: longer than any request.
    connectionTimeout: Math.max(config.requestTimeoutMs, slowAnswerMs) + receiveMs,
    // Longer than the usual 60 s of a proxy, so that it is never we who close first.
    keepAliveTimeout: 65_000,
    http: { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, connectionsCheckingInterval: 2_000 },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
    ajv: {
      onCreate: compileAtFirstUse,
      customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false, allErrors: true, strict: true },
    },
  });
}
