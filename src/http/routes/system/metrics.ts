import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { ServiceProblem } from "../../../kernel/problems.ts";
import { bearerToken } from "../../plugins/authentication.ts";
import type { CoreServices } from "../../services.ts";

/** @param token where set, the only bearer token that reads the metrics: a scraper is no principal of the service */
export function metricsRoute(app: FastifyInstance, services: CoreServices, token: string | undefined): void {
  app.get(
    "/metrics",
    {
      config: { policy: { access: "open", mutates: false, audit: null, health: true } },
      schema: {
        operationId: "getMetrics",
        summary: "Prometheus metrics",
        tags: ["operations"],
        // With or without a token, as configured: the document is the same for every configuration.
        security: [{}, { bearer: [] }],
        "x-problem-codes": ["UNAUTHENTICATED", "METHOD_NOT_ALLOWED"],
      },
    },
    async (request, reply) => {
      if (token !== undefined && !sameSecret(bearerToken(request.raw.rawHeaders), token)) {
        throw new ServiceProblem("UNAUTHENTICATED", "The token is not the one that METRICS_TOKEN names.");
      }
      const { registry } = services.metrics;
      return reply
        .header("cache-control", "no-store")
        .type(registry.contentType)
        .send(await registry.metrics());
    },
  );
}

/** Digests first: equal length, so that the comparison takes the same time whatever was sent. */
function sameSecret(sent: string, secret: string): boolean {
  const [a, b] = [sent, secret].map((text) => createHash("sha256").update(text).digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}
