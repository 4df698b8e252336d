import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { ApprovalProblem } from "./approvals/index.ts";
import type { Config } from "./config.ts";
import { type Database, pendingMigrations } from "./database/index.ts";
import { DispatchProblem, syncKey } from "./dispatch/index.ts";
import { GrantProblem } from "./grants/index.ts";
import { buildServer, createMetrics, type Readiness, type Services } from "./http/index.ts";
import { routes } from "./http/routes/index.ts";
import type { ServerKeys } from "./kernel/server-keys.ts";
import { LeaseProblem } from "./leases/index.ts";
import { Authenticator } from "./principals/index.ts";
import { startSweeper } from "./sweeper.ts";
import { version } from "./version.ts";

export interface Dependencies {
  readonly config: Config;
  readonly database: Database;
  readonly serverKeys: ServerKeys;
  readonly syncSecret: string;
  readonly logger?: FastifyBaseLogger;
}

/** Every problem table of the domains: the one place that lists them. */
export const problemTables = [ApprovalProblem.table, GrantProblem.table, LeaseProblem.table, DispatchProblem.table];

/** Puts the service together. Nothing listens yet; `close()` drains it and stops the sweeper, not the database. */
export function buildApp({ config, database, serverKeys, syncSecret, logger }: Dependencies): FastifyInstance {
  const authenticator = new Authenticator(database, serverKeys, config.tokenCacheMs);
  const services: Services = {
    database,
    authenticate: (token) => authenticator.authenticate(token),
    ready: () => readiness(database),
    metrics: createMetrics(database),
    syncKey: syncKey(syncSecret),
    serverKeys,
  };
  const app = buildServer({ services, config, ...(logger && { logger }), routes, problemTables, version });
  app.addHook("preClose", (done) => {
    // A connection that was busy when the close began falls idle later, and would be kept alive until its time-out.
    const timer = setInterval(() => app.server.closeIdleConnections(), 50);
    app.server.once("close", () => clearInterval(timer));
    timer.unref();
    done();
  });
  app.addHook("onReady", async () => {
    const sweeper = startSweeper({
      database,
      intervalMs: config.sweepIntervalMs,
      also: () => authenticator.flushUse(),
      onError: (error) => app.log.warn({ err: error }, "sweep failed"),
    });
    app.addHook("onClose", () => sweeper.stop());
  });
  return app;
}

async function readiness(database: Database): Promise<Readiness> {
  try {
    const pending = await database.transact((tx) => pendingMigrations(tx), { readOnly: true });
    const migrations = pending.length === 0 ? "ok" : `${pending.length} pending`;
    return { ready: pending.length === 0, checks: { database: "ok", migrations } };
  } catch (error) {
    return { ready: false, checks: { database: error instanceof Error ? error.message : "failed" } };
  }
}
