import type { FastifyInstance } from "fastify";
import { ServiceProblem } from "../../../kernel/problems.ts";
import type { RoutePolicy } from "../../policy.ts";
import type { CoreServices, Readiness } from "../../services.ts";

const policy: RoutePolicy = { access: "open", mutates: false, audit: null, health: true };
const patienceMs = 3_000;

/** Liveness says that the process answers, readiness that it can work: only the second asks the database. */
export function healthRoutes(app: FastifyInstance, services: CoreServices): void {
  let closing = false;
  app.addHook("preClose", (done) => {
    closing = true;
    done();
  });

  app.get(
    "/livez",
    {
      config: { policy },
      schema: documented("getLivez", "Whether the process answers", ["METHOD_NOT_ALLOWED"]),
    },
    (_request, reply) => reply.header("cache-control", "no-store").send({ status: "ok" }),
  );

  app.get(
    "/readyz",
    {
      config: { policy },
      schema: documented("getReadyz", "Whether it can work", ["METHOD_NOT_ALLOWED", "DATABASE_UNAVAILABLE"]),
    },
    async (_request, reply) => {
      const { ready, checks } = closing ? draining : await withPatience(services.ready());
      if (ready) return reply.header("cache-control", "no-store").send({ status: "ready", checks });
      throw new ServiceProblem("DATABASE_UNAVAILABLE", "The service is not ready.", {
        retryAfterSeconds: 1,
        members: { outcome: "unchanged", checks },
      });
    },
  );
}

function documented(operationId: string, summary: string, codes: readonly string[]) {
  const checks = { type: "object", additionalProperties: { type: "string" } };
  const state = { type: "object", required: ["status"], properties: { status: { type: "string" }, checks } };
  return {
    operationId,
    summary,
    tags: ["operations"],
    security: [],
    response: { 200: state },
    "x-problem-codes": codes,
  };
}

const draining: Readiness = { ready: false, checks: { service: "draining" } };

/** A probe must not hang with the database that it asks about. */
async function withPatience(ready: Promise<Readiness>): Promise<Readiness> {
  let timer: NodeJS.Timeout | undefined;
  const impatient = new Promise<Readiness>((resolve) => {
    timer = setTimeout(() => resolve({ ready: false, checks: { database: "no answer in time" } }), patienceMs);
  });
  try {
    return await Promise.race([ready, impatient]);
  } catch {
    return { ready: false, checks: { database: "failed" } };
  } finally {
    clearTimeout(timer);
  }
}
