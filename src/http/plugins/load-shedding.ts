import underPressure from "@fastify/under-pressure";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Database } from "../../database/index.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { HttpConfig } from "../config-shape.ts";
import { pathOf } from "../problem-document.ts";
import { isUrgent } from "./admission.ts";

/**
 * Refuses work early when there is too much of it: while the event loop lags, and while too many requests wait for a
 * database connection. Health routes are declared exempt. It is the last wall: the door before it (`admission.ts`) refuses
 * earlier and for less.
 */
export function loadShedding(
  app: FastifyInstance,
  database: Database,
  config: Pick<HttpConfig, "maxEventLoopDelayMs" | "maxWaiting">,
): void {
  app.register(underPressure, {
    maxEventLoopDelay: config.maxEventLoopDelayMs,
    pressureHandler: (request) => {
      if (!isHealth(request) && !isUrgent(request.method, pathOf(request.raw.url ?? "")))
        throw overloaded("The service cannot keep up.");
    },
  });
  app.addHook("onRequest", (request, _reply, done) => {
    if (isHealth(request)) return done();
    try {
      requireRoom(database, config.maxWaiting);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
}

/**
 * Called once more right before each transaction: many requests of one instant pass the first check together.
 * @throws ServiceProblem OVERLOADED
 */
export function requireRoom(database: Database, maxWaiting: number): void {
  if (database.status().waiting >= maxWaiting) throw overloaded("Too many requests are waiting for the database.");
}

function overloaded(detail: string): ServiceProblem {
  return new ServiceProblem("OVERLOADED", `${detail} Nothing was changed.`, { retryAfterSeconds: 1 });
}

function isHealth(request: FastifyRequest): boolean {
  return request.routeOptions.config.policy?.health === true;
}
