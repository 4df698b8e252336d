import { randomBytes } from "node:crypto";
import pg from "pg";
import { readConfig } from "../../src/config.ts";
import { openDatabase } from "../../src/database/index.ts";
import { recoverDatabase, type RecoveryOrder } from "../../src/recover.ts";
import type { Recovered } from "../../src/recovery/index.ts";
import type { TestDatabase } from "../support/cluster.ts";
import { logKey, type Owner, serverKey, type Stage, syncSecret } from "../support/service.ts";

export type Trace = "copy" | "server" | "timeline" | "none";

/**
 * The control database as a backup has it: a copy of now. Whoever is connected is cut off. It says of itself that it
 * lived on another server, as a database that was restored does.
 * @param trace what the database was on before: another server; the same one, of which it is a copy or a dump; an earlier
 * timeline of the same database; or, as after a volume was put back, the very same
 */
export async function restoreOf(t: Owner, stage: Stage, trace: Trace = "server"): Promise<Stage> {
  const name = `${stage.names.name}_${randomBytes(3).toString("hex")}`;
  const at = (url: string, database: string): string => Object.assign(new URL(url), { pathname: `/${database}` }).href;
  const asSuperuser = (database: string, ...statements: readonly string[]) =>
    run(at(stage.names.superUrl, database), statements);
  await asSuperuser(
    "postgres",
    // A service that is cut off comes back at once.
    `ALTER DATABASE ${stage.names.name} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${stage.names.name}'`,
    `CREATE DATABASE ${name} OWNER countersign_owner TEMPLATE ${stage.names.name} STRATEGY file_copy`,
    `ALTER DATABASE ${stage.names.name} ALLOW_CONNECTIONS true`,
    `GRANT CONNECT ON DATABASE ${name} TO countersign_app`,
  );
  const drop = (): Promise<void> => asSuperuser("postgres", `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  t.teardown(drop);
  if (trace !== "copy") await moved(at(stage.names.superUrl, name), trace);
  const names: TestDatabase = {
    name,
    ownerUrl: at(stage.names.ownerUrl, name),
    appUrl: at(stage.names.appUrl, name),
    superUrl: at(stage.names.superUrl, name),
    drop,
  };
  const database = openDatabase({ url: names.appUrl, poolSize: 4 });
  t.teardown(() => database.close());
  return { ...stage, names, database };
}

/** The database as one that comes from elsewhere: no role of the service can write this. */
async function moved(superUrl: string, trace: Exclude<Trace, "copy">): Promise<void> {
  const here = "system_identifier = (SELECT s.system_identifier FROM control_server() AS s)";
  const changes = {
    server: "system_identifier = 'elsewhere'",
    timeline: `${here}, timeline = timeline - 1`,
    none: here,
  };
  const change = changes[trace];
  await run(superUrl, [
    // A test's server is on its first timeline, before which there is none.
    `BEGIN; ALTER TABLE control_incarnations DROP CONSTRAINT control_incarnations_timeline_check;
     ALTER TABLE control_incarnations DISABLE TRIGGER guard_incarnation; UPDATE control_incarnations SET ${change};
     ALTER TABLE control_incarnations ENABLE ALWAYS TRIGGER guard_incarnation; COMMIT`,
  ]);
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** `countersign recover` on the database of the stage. */
export function recoverOn(
  stage: Stage,
  targets: Readonly<Record<string, string>>,
  order: Partial<RecoveryOrder> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Recovered> {
  const config = readConfig({
    DATABASE_URL: stage.names.appUrl,
    DATABASE_OWNER_URL: stage.names.ownerUrl,
    SERVER_KEYS: serverKey,
    SYNC_SECRET: syncSecret,
    LOG_KEY: logKey,
    ...env,
    TARGETS: JSON.stringify(targets),
  });
  return recoverDatabase(config, {
    reason: "the disk is gone",
    restored: false,
    nothingLost: false,
    skip: [],
    ...order,
  });
}
