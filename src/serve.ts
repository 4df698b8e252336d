import type { FastifyInstance } from "fastify";
import pino from "pino";
import type { Databases, Log } from "./bootstrap/databases.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/index.ts";
import type { LogSigner } from "./evidence/index.ts";

export interface Running {
  readonly url: string;
  /** Where the first credentials are; undefined with a database of one's own. */
  readonly credentialsFile: string | undefined;
  /** Drains, then stops: requests under way are answered, then the connections and the embedded server go. */
  close(): Promise<void>;
}

/**
 * Starts the whole service: database, migrations, keys, credentials, HTTP. The HTTP side is loaded while the database
 * comes up.
 */
export async function serve(config: Config): Promise<Running> {
  const logger = await makeLogger(config);
  const log: Log = (message, fields) => logger.info(fields ?? {}, message);
  const { openDatabases } = await import("./bootstrap/databases.ts");
  const [databases, { buildApp }] = await Promise.all([openDatabases(config, log), import("./app.ts")]);
  let database: Database | undefined;
  let app: FastifyInstance | undefined;
  const close = async (): Promise<void> => {
    await app?.close();
    await database?.close();
    await databases.stop();
  };
  try {
    const { resolveLogKey } = await import("./bootstrap/secrets.ts");
    const logKey = await resolveLogKey(config);
    const prepared = await prepare(config, databases, log);
    database = prepared.database;
    const logSigner = await openAuditLog(database, logKey);
    await holdIfRestored(database, config, log);
    app = buildApp({ config, ...prepared, logSigner, targets: databases.targets, logger });
    // A burst of connections waits to be accepted, as far as the system lets it: one that is dropped tries again after a second.
    const url = await app.listen({ host: config.host, port: config.port, backlog: 4_096 });
    if (prepared.credentialsFile !== undefined) await prepared.noteUrl(prepared.credentialsFile, url);
    return { url, credentialsFile: prepared.credentialsFile, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Only a service gives the log its key; a command on the database needs none (AUDIT-2). @throws LogKeyMismatch where it has another */
async function openAuditLog(database: Database, signer: LogSigner): Promise<LogSigner> {
  const { openLog } = await import("./evidence/index.ts");
  return database.transact((tx) => openLog(tx, signer));
}

/** Before anything is served: a control database that was restored is held by whoever starts on it first (GRANT-9). */
async function holdIfRestored(database: Database, config: Config, log: Log): Promise<void> {
  const [{ noticeRestore }, { serviceCaller }] = await Promise.all([
    import("./recovery/index.ts"),
    import("./kernel/caller.ts"),
  ]);
  const { origin, holdId } = await database.transact((tx) =>
    noticeRestore(tx, serviceCaller("start"), config.failover),
  );
  if (origin === "failover") log("the control database has failed over");
  if (holdId !== null)
    log("the control database was restored: everything is held until countersign recover", { holdId });
}

async function makeLogger(config: Config): Promise<pino.Logger> {
  const { loggerOptions } = await import("./http/logging.ts");
  // Standard output is for the one line that says where the service is; the log goes to standard error.
  return pino(loggerOptions(config.logLevel), pino.destination({ dest: 2, sync: false }));
}

/** Migrates the database and opens it with its keys: what the service and `countersign token` both stand on. */
export async function prepare(config: Config, databases: Databases, log: Log) {
  const [
    { resolveSecrets },
    { ensureCredentials, noteUrl },
    { migrate, openDatabase, roleToTake },
    { checkServerKeys },
    { ensurePartitions },
  ] = await Promise.all([
    import("./bootstrap/secrets.ts"),
    import("./bootstrap/credentials.ts"),
    import("./database/index.ts"),
    import("./principals/index.ts"),
    import("./evidence/index.ts"),
  ]);
  const { syncSecret, serverKeys } = await resolveSecrets(config);
  const applied = await migrate({ ownerUrl: databases.ownerUrl, log: (message) => log(message) });
  if (applied.length > 0) log("migrated", { applied });
  const role = databases.embedded ? undefined : await roleToTake(databases.appUrl);
  const database = openDatabase({
    url: databases.appUrl,
    poolSize: config.poolSize,
    role,
    statementTimeoutMs: config.statementTimeoutMs,
    lockTimeoutMs: config.lockTimeoutMs,
    onIdleError: (error) => log("an idle database connection was lost", { err: error }),
  });
  try {
    await database.transact((tx) => checkServerKeys(tx, serverKeys));
    // Before the first event: after a standstill of months the last that were made may be over.
    await database.transact(ensurePartitions);
    const credentialsFile = databases.embedded
      ? await ensureCredentials(database, serverKeys, config.dataDir, syncSecret)
      : undefined;
    return { database, syncSecret, serverKeys, credentialsFile, noteUrl };
  } catch (error) {
    // Its open connections would keep a process alive that could not start.
    await database.close();
    throw error;
  }
}
