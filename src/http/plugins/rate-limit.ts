import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServiceProblem } from "../../kernel/problems.ts";

const minuteMs = 60_000;
/** Principals and addresses remembered at once; the least recently seen is forgotten first. */
const remembered = 20_000;

export interface RateLimiter {
  /** @throws ServiceProblem RATE_LIMITED */
  countPrincipal(request: FastifyRequest): Promise<void>;
  /** @throws ServiceProblem RATE_LIMITED */
  countAddress(request: FastifyRequest): Promise<void>;
}

/**
 * Counts requests a minute in this process: by principal once it is known, by address before. It is called by the
 * authentication and the not-found hooks rather than by a hook of its own, since they know which of the two it is.
 *
 * @param max requests a minute
 */
export function rateLimiter(app: FastifyInstance, max: number): RateLimiter {
  app.register(rateLimit, { global: false, max, timeWindow: minuteMs, cache: remembered });
  let byPrincipal: Check | undefined;
  let byAddress: Check | undefined;
  app.after(() => {
    byPrincipal = app.createRateLimit({ keyGenerator: (request) => request.caller?.principal ?? "" });
    byAddress = app.createRateLimit();
  });
  return {
    countPrincipal: (request) => count(byPrincipal, request),
    countAddress: (request) => count(byAddress, request),
  };
}

type Check = ReturnType<FastifyInstance["createRateLimit"]>;

async function count(check: Check | undefined, request: FastifyRequest): Promise<void> {
  const result = await check?.(request);
  if (result === undefined || result.isAllowed || !result.isExceeded) return;
  throw new ServiceProblem("RATE_LIMITED", `More than ${result.max} requests in a minute.`, {
    retryAfterSeconds: result.ttlInSeconds,
  });
}
