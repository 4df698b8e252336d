import type { FastifyInstance } from "fastify";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Database } from "../../database/index.ts";

export interface Metrics {
  /** Counts what became of a verb on a grant, e.g. `("consume", "ok")` or `("consume", "REJECT_AUTH_EXPIRED")`. */
  grantOutcome(verb: string, outcome: string): void;
  /** @param seconds from the first byte of the request to the last of the answer */
  requestDone(labels: { method: string; route: string; status: number }, seconds: number): void;
  /** Counts a refusal or failure by its code, and by what is known of its outcome (OPEN-7). */
  problem(code: string, outcome: string | undefined): void;
  /** The registry, for whoever adds a metric of their own. */
  readonly registry: Registry;
}

/** One registry for one service: nothing is kept in the module. */
export function createMetrics(database: Pick<Database, "status">): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from request to answer, by route template and status.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const grants = new Counter({
    name: "countersign_grant_outcomes_total",
    help: "What became of each verb on a grant, by problem code or ok.",
    labelNames: ["verb", "outcome"],
    registers,
  });
  const problems = new Counter({
    name: "countersign_problems_total",
    help: "Problem documents by code; outcome is unchanged or unknown where the code is DATABASE_UNAVAILABLE.",
    labelNames: ["code", "outcome"],
    registers,
  });
  new Gauge({
    name: "countersign_database_connections",
    help: "Connections of the pool by state; waiting counts requests without one.",
    labelNames: ["state"],
    registers,
    collect() {
      const { total, idle, waiting } = database.status();
      this.set({ state: "busy" }, total - idle);
      this.set({ state: "idle" }, idle);
      this.set({ state: "waiting" }, waiting);
    },
  });
  return {
    registry,
    grantOutcome: (verb, outcome) => grants.inc({ verb, outcome }),
    problem: (code, outcome) => problems.inc({ code, outcome: outcome ?? "" }),
    requestDone: (labels, seconds) => requests.observe(labels, seconds),
  };
}

/** Observes every answer under its route template, never under its path: paths would be without number. */
export function requestMetrics(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onResponse", (request, reply, done) => {
    metrics.requestDone(
      { method: request.method, route: request.routeOptions.url ?? "unmatched", status: reply.statusCode },
      reply.elapsedTime / 1_000,
    );
    if (request.problemCode !== undefined) metrics.problem(request.problemCode, request.problemOutcome);
    done();
  });
}
