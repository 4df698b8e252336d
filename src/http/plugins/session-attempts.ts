import { finished } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ServiceProblem } from "../../kernel/problems.ts";

const failuresAMinute = 60;
const minuteMs = 60_000;
/** Addresses remembered at once; all are forgotten when there are more. */
const remembered = 20_000;

interface Attempts {
  count: number;
  until: number;
}

/**
 * Counts sign-ins that fail, by address, in this process: past sixty in a minute the address is answered without a look. One that is
 * under way counts until it has gone well, so that many at once are no way round it.
 */
export class SignInAttempts {
  readonly #byAddress = new Map<string, Attempts>();

  /** @throws ServiceProblem RATE_LIMITED */
  begin(request: FastifyRequest, reply: FastifyReply): void {
    const now = performance.now();
    let attempts = this.#byAddress.get(request.ip);
    if (attempts === undefined || attempts.until <= now) {
      attempts = { count: 0, until: now + minuteMs };
      if (this.#byAddress.size >= remembered) this.#byAddress.clear();
      this.#byAddress.set(request.ip, attempts);
    }
    if (attempts.count >= failuresAMinute) {
      throw new ServiceProblem("RATE_LIMITED", `More than ${failuresAMinute} sign-ins failed in a minute.`, {
        retryAfterSeconds: (attempts.until - now) / 1_000,
      });
    }
    attempts.count += 1;
    const counted = attempts;
    finished(reply.raw, () => {
      if (reply.statusCode !== 401) counted.count -= 1;
    });
  }
}
