import type { FastifyBaseLogger } from "fastify";
import { type Clock, startClock } from "./clock.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/index.ts";
import type { ServerKeys } from "./kernel/server-keys.ts";
import { version } from "./version.ts";
import { makeSender, makeTeller, resolveName, type WebhookServices } from "./webhooks/index.ts";

export interface TellerOptions {
  readonly config: Config;
  readonly database: Database;
  readonly keys: ServerKeys;
  readonly webhooks: WebhookServices;
  readonly log: FastifyBaseLogger;
}

/** Tells webhooks what happened, in every service process at once: each event and delivery is one process's at a time. */
export function startTeller({ config, database, keys, webhooks, log }: TellerOptions): Clock {
  const onError = (error: unknown): void => log.warn({ err: error }, "webhooks could not be told");
  const teller = makeTeller({
    database,
    keys,
    send: makeSender({
      guard: webhooks.guard,
      resolve: resolveName,
      timeoutMs: config.webhookTimeoutMs,
      answerBytes: config.webhookAnswerBytes,
      userAgent: `countersign/${version}`,
    }),
    timeoutMs: config.webhookTimeoutMs,
    attempts: config.webhookAttempts,
    retrySeconds: config.webhookRetrySeconds,
    keepDays: config.webhookKeepDays,
    concurrency: config.webhookConcurrency,
    endpointConcurrency: config.webhookEndpointConcurrency,
    connections: Math.max(1, Math.floor(config.poolSize / 5)),
    onError,
  });
  const clock = startClock(config.webhookPollMs, (stopped) => teller.look(stopped), onError);
  return {
    async stop() {
      await clock.stop();
      await teller.stop();
    },
  };
}
