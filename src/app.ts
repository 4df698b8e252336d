import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import { ApprovalProblem } from "./approvals/index.ts";
import { browserSessions } from "./browser-sessions.ts";
import { type Config, programEnvironment } from "./config.ts";
import { relyingPartyOf } from "./config-webauthn.ts";
import { type Database, pendingMigrations } from "./database/index.ts";
import { DispatchProblem, syncKey } from "./dispatch/index.ts";
import { GrantProblem, makeGrantServices } from "./grants/index.ts";
import { HoldProblem } from "./holds/index.ts";
import { buildServer, createMetrics, type Readiness, type Services } from "./http/index.ts";
import { routes } from "./http/routes/index.ts";
import { type Cosigners, cosignersOf, type LogSigner, signerOf, signStatement } from "./evidence/index.ts";
import { BundleProblem, type EvidenceEnvelope } from "./bundles/index.ts";
import { ServiceProblem } from "./kernel/problems.ts";
import type { ServerKeys } from "./kernel/server-keys.ts";
import { lifecycleBuilds, LifecycleProblem, type LifecycleServices, makeLifecycle } from "./lifecycle/index.ts";
import { LeaseProblem } from "./leases/index.ts";
import { Authenticator, OidcIssuer } from "./principals/index.ts";
import { PlanFileProblem } from "./plan-file/index.ts";
import { PlanProblem, stepBuilds } from "./plans/index.ts";
import { RehearsalProblem } from "./rehearsals/index.ts";
import { type AnyBuild, builds, makeRuns, openTargets, RunProblem } from "./runs/index.ts";
import { ScopeProblem } from "./scopes/index.ts";
import { SignatureProblem } from "./signatures/index.ts";
import { startSealer } from "./sealer.ts";
import { logMetrics, type LogWatch, makeLogWatch } from "./log-watch.ts";
import { standingMetrics } from "./standing-metrics.ts";
import { startSweeper } from "./sweeper.ts";
import { startTeller } from "./teller.ts";
import { version } from "./version.ts";
import { startWatch } from "./watch.ts";
import { makeWebhookServices, WebhookProblem, type WebhookServices } from "./webhooks/index.ts";

export interface Dependencies {
  readonly config: Config;
  readonly database: Database;
  readonly serverKeys: ServerKeys;
  readonly syncSecret: string;
  /** What signs the audit log; without it this process leaves the log to others (AUDIT-2). */
  readonly logSigner?: LogSigner;
  /** The target databases by name (RUN-7). */
  readonly targets: Readonly<Record<string, string>>;
  readonly logger?: FastifyBaseLogger;
  /** The builds that can be run; all that the service ships if absent. */
  readonly builds?: readonly AnyBuild[];
}

/** Every problem table of the domains: the one place that lists them. */
export const problemTables = [
  ApprovalProblem.table,
  SignatureProblem.table,
  HoldProblem.table,
  ScopeProblem.table,
  RehearsalProblem.table,
  GrantProblem.table,
  RunProblem.table,
  LeaseProblem.table,
  PlanFileProblem.table,
  PlanProblem.table,
  LifecycleProblem.table,
  BundleProblem.table,
  WebhookProblem.table,
  DispatchProblem.table,
];

/** Puts the service together. Nothing listens yet; `close()` drains it and stops the sweeper, not the database. */
export function buildApp(dependencies: Dependencies): FastifyInstance {
  const { config, database, serverKeys, syncSecret, targets, logger, logSigner } = dependencies;
  const issuer = trustedIssuer(config);
  const authenticator = new Authenticator(database, serverKeys, config.tokenCacheMs, issuer);
  const closing = new AbortController();
  const targetDatabases = openTargets({
    urls: targets,
    poolSize: Math.max(2, config.runConcurrency),
    statementTimeoutMs: config.statementTimeoutMs,
    lockTimeoutMs: config.lockTimeoutMs,
    onIdleError: (error) => logger?.warn({ err: error }, "an idle connection to a target was lost"),
  });
  const runs = runServices(dependencies, targetDatabases);
  const lifecycle = makeLifecycle({
    control: database,
    targets: targetDatabases,
    log: (message, fields) => logger?.warn(fields, message),
  });
  const metrics = createMetrics(database);
  standingMetrics(metrics.registry, database);
  const cosigners = cosignersOf(
    config.cosignatures,
    config.witnesses.map(({ vkey }) => vkey),
  );
  const logWatch = makeLogWatch(cosigners);
  logMetrics(metrics.registry, logWatch);
  const services: Services = {
    database,
    authenticate: (token) => authenticator.authenticate(token),
    sessions: browserSessions({ config, database, keys: serverKeys, issuer, port: () => portOf(app) }),
    ready: () => readiness(database),
    metrics,
    syncKey: syncKey(syncSecret),
    serverKeys,
    runs,
    grants: makeGrantServices(database),
    relyingParty: () => relyingPartyOf(config, portOf(app) ?? config.port),
    lifecycle,
    webhooks: webhookServices(config),
    evidence: evidenceServices(cosigners, logSigner, logWatch),
    closing: closing.signal,
  };
  const app = buildServer({ services, config, ...(logger && { logger }), routes, problemTables, version });
  app.addHook("preClose", (done) => {
    closing.abort();
    // A connection that was busy when the close began falls idle later, and would be kept alive until its time-out.
    const timer = setInterval(() => app.server.closeIdleConnections(), 50);
    app.server.once("close", () => clearInterval(timer));
    timer.unref();
    done();
  });
  app.addHook("onReady", async () => {
    const clocks = startClocks({
      logSigner,
      logWatch,
      config,
      database,
      app,
      lifecycle,
      keys: serverKeys,
      webhooks: services.webhooks,
      flushUse: () => authenticator.flushUse(),
    });
    runs.start();
    app.addHook("onClose", async () => {
      await Promise.all([clocks.stop(), runs.stop()]);
      await lifecycle.stop();
      await targetDatabases.close();
    });
  });
  return app;
}

/** Where it listens, once it does. */
function portOf(app: FastifyInstance): number | undefined {
  const address = app.server.address();
  return typeof address === "object" ? address?.port : undefined;
}

function runServices(
  { config, database, serverKeys, targets, logger, builds: knownBuilds }: Dependencies,
  targetDatabases: ReturnType<typeof openTargets>,
): ReturnType<typeof makeRuns> {
  return makeRuns({
    control: database,
    targets: targetDatabases,
    builds: [
      ...(knownBuilds ?? [...builds, ...lifecycleBuilds]),
      ...stepBuilds({
        directory: config.backupDir,
        pgDump: config.pgDump,
        dumpTimeoutMs: config.pgDumpTimeoutMs,
        environment: programEnvironment(),
        url: (name) => targets[name],
      }),
    ],
    keys: serverKeys,
    leaseSeconds: config.runLeaseSeconds,
    retrySeconds: config.runRetrySeconds,
    pollMs: config.runPollMs,
    concurrency: config.runConcurrency,
    log: (message, fields) => logger?.warn(fields, message),
  });
}

function webhookServices(config: Config): WebhookServices {
  const policy = { networks: config.webhookAllowNetworks, http: config.webhookAllowHttp === "private" };
  return makeWebhookServices(policy, config.webhookOverlapSeconds);
}

function evidenceServices(
  cosigners: Cosigners,
  logSigner: LogSigner | undefined,
  logWatch: LogWatch,
): Services["evidence"] {
  return {
    sign(statement) {
      if (logSigner === undefined) throw new ServiceProblem("INTERNAL_ERROR", "This process has no key of the log.");
      // Under the name that the log has by now: it gets another one by a recovery, beside services that run.
      return signStatement(statement, signerOf(logSigner, statement.predicate.log.origin)) as EvidenceEnvelope;
    },
    cosigners,
    seen: () => logWatch.sighting(),
  };
}

interface Clocked extends Pick<Dependencies, "config" | "database"> {
  readonly logSigner: LogSigner | undefined;
  readonly logWatch: LogWatch;
  readonly app: FastifyInstance;
  readonly lifecycle: LifecycleServices;
  readonly keys: ServerKeys;
  readonly webhooks: WebhookServices;
  flushUse(): Promise<void>;
}

/** What happens every so often, beside the requests. */
function startClocks({ config, database, app, lifecycle, logSigner, logWatch, ...work }: Clocked): {
  stop(): Promise<void>;
} {
  const sweeper = startSweeper({
    database,
    intervalMs: config.sweepIntervalMs,
    also: async () => {
      await work.flushUse();
      await lifecycle.carryAll();
    },
    onError: (error) => app.log.warn({ err: error }, "sweep failed"),
  });
  const watch = startWatch({
    control: database,
    open: (name) => lifecycle.open(name),
    intervalMs: config.lifecycleWatchSeconds * 1_000,
    onError: (error, name) =>
      app.log.warn({ err: error, database: name }, "the lifecycle gateway could not be watched"),
  });
  const sealer = startSealer({ config, database, signer: logSigner, watch: logWatch, log: app.log });
  const teller = startTeller({ config, database, keys: work.keys, webhooks: work.webhooks, log: app.log });
  return { stop: async () => void (await Promise.all([sweeper, watch, sealer, teller].map((clock) => clock.stop()))) };
}

/** The issuer whose JWTs are taken. Nothing is asked of it before the first token comes. */
function trustedIssuer(config: Config): OidcIssuer | undefined {
  const { oidcIssuer, oidcAudience } = config;
  if (oidcIssuer === undefined || oidcAudience === undefined) return undefined;
  return new OidcIssuer({
    issuer: oidcIssuer,
    audience: oidcAudience,
    algorithms: config.oidcAlgorithms,
    principalClaim: config.oidcPrincipalClaim,
    rolesClaim: config.oidcRolesClaim,
    roleMap: config.oidcRoleMap,
    keyCooldownMs: config.oidcKeyCooldownMs,
  });
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
