import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";
import { problemClass } from "../kernel/problem.ts";
import { installQueue } from "./queue.ts";
import type { Tx } from "./tx.ts";

export const migrationsDirectory = fileURLToPath(new URL("../../migrations", import.meta.url));
/** What a target database needs of us: the fence. */
export const targetMigrationsDirectory = path.join(migrationsDirectory, "target");

/** Held for the whole migration, so that several services may start at once. */
const migrationLock = 4_226_531;

/** Where it is written down what was applied; in a target beside tables that are not ours. */
interface Ledger {
  readonly migrations: string;
  readonly checksums: string;
}
const controlLedger: Ledger = { migrations: "schema_migrations", checksums: "schema_migration_checksums" };
const targetLedger: Ledger = { migrations: "countersign_migrations", checksums: "countersign_migration_checksums" };

export const MigrationProblem = problemClass("MigrationProblem", {
  MIGRATION_EDITED: {
    kind: "internal",
    title: "An applied migration was edited",
    remedy: "Restore the file as it was applied, and put the change into a new migration.",
  },
  DATABASE_NEWER: {
    kind: "internal",
    title: "The database is newer than this service",
    remedy: "Start a service version that knows the migrations named in the detail.",
  },
  APP_ROLE_MISSING: {
    kind: "internal",
    title: "The application role does not exist",
    remedy:
      "As a database administrator: CREATE ROLE countersign_app NOLOGIN; GRANT countersign_app TO the role of DATABASE_URL.",
  },
});

export interface MigrateOptions {
  /** Connection of the role that owns the tables. */
  readonly ownerUrl: string;
  readonly directory?: string;
  /** How long the database may take to answer at all; as long as it likes if absent. */
  readonly connectTimeoutMs?: number;
  /** How long any statement may take; a connection that fell silent is given up then. As long as it likes if absent. */
  readonly answerTimeoutMs?: number;
  readonly log?: (message: string) => void;
}

interface MigrationFile {
  readonly name: string;
  readonly checksum: string;
}

interface AppliedRow {
  name: string;
  checksum: string | null;
}

/** The role the service works as: it owns nothing, deletes nothing and runs no DDL. */
export const appRole = "countersign_app";

/**
 * Brings the control database up to date. Safe to run from any number of processes at once.
 * @returns the names of the migrations applied by this call
 * @throws MigrationProblem MIGRATION_EDITED, DATABASE_NEWER, APP_ROLE_MISSING
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  return apply(options, options.directory ?? migrationsDirectory, controlLedger, {
    before: ensureAppRole,
    after: (client) => installQueue(client, appRole),
  });
}

/**
 * The same for a target database, which has no part of the control database and no role of it (RUN-7).
 * @param options.ownerUrl the target's URL, as the role that its builds work as
 */
export async function migrateTarget(options: MigrateOptions): Promise<string[]> {
  return apply(options, options.directory ?? targetMigrationsDirectory, targetLedger);
}

async function apply(
  options: MigrateOptions,
  directory: string,
  ledger: Ledger,
  beside: {
    before?(client: pg.ClientBase): Promise<void>;
    /** What is installed by itself, also where no migration is pending. */
    after?(client: pg.ClientBase): Promise<void>;
  } = {},
): Promise<string[]> {
  const files = await readMigrations(directory);
  const client = new pg.Client({
    connectionString: options.ownerUrl,
    application_name: "countersign-migrate",
    ...(options.connectTimeoutMs === undefined ? {} : { connectionTimeoutMillis: options.connectTimeoutMs }),
    ...(options.answerTimeoutMs === undefined ? {} : { query_timeout: options.answerTimeoutMs }),
  });
  // A connection that is lost between two queries says so by an event, which would end the process; the next query is
  // rejected, and that is where it is dealt with.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [migrationLock]);
    await beside.before?.(client);
    const pending = await checkApplied((text) => client.query<AppliedRow>(text), files, ledger);
    if (pending.length > 0) await recordChecksums(client, pending, ledger);
    const applied = pending.length > 0 ? await runPending(client, directory, ledger, options.log) : [];
    await beside.after?.(client);
    return applied;
  } finally {
    await client.end();
  }
}

async function runPending(
  client: pg.Client,
  directory: string,
  ledger: Ledger,
  log: MigrateOptions["log"],
): Promise<string[]> {
  const applied = await runner({
    dbClient: client,
    dir: directory,
    // The committed dump and what is for target databases stand beside the control database's and are none of them.
    ignorePattern: "\\..*|schema\\.sql|target|builds",
    direction: "up",
    migrationsTable: ledger.migrations,
    singleTransaction: true,
    advisoryLockMode: "wait",
    checkOrder: true,
    logger: quietLogger(log),
  });
  return applied.map((migration) => migration.name);
}

/**
 * Names of the migrations that this service has and the database lacks; empty when it is current.
 * @throws MigrationProblem MIGRATION_EDITED, DATABASE_NEWER
 */
export async function pendingMigrations(tx: Tx, directory = migrationsDirectory): Promise<string[]> {
  const pending = await checkApplied(
    (text) => tx.query<AppliedRow>(text),
    await readMigrations(directory),
    controlLedger,
  );
  return pending.map((file) => file.name);
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      name: name.slice(0, -".sql".length),
      checksum: createHash("sha256")
        .update(await readFile(path.join(directory, name)))
        .digest("hex"),
    })),
  );
}

async function checkApplied(
  query: (text: string) => Promise<{ rows: AppliedRow[] }>,
  files: readonly MigrationFile[],
  ledger: Ledger,
): Promise<MigrationFile[]> {
  const exists = await query(
    `SELECT 'tables' AS name, NULL AS checksum
      WHERE to_regclass('${ledger.migrations}') IS NOT NULL AND to_regclass('${ledger.checksums}') IS NOT NULL`,
  );
  if (exists.rows.length === 0) return [...files];
  const applied = await query(
    `SELECT m.name, c.checksum FROM ${ledger.migrations} m LEFT JOIN ${ledger.checksums} c USING (name)`,
  );
  const known = new Map(files.map((file) => [file.name, file.checksum]));
  const unknown = applied.rows.filter((row) => !known.has(row.name)).map((row) => row.name);
  if (unknown.length > 0) {
    throw new MigrationProblem(
      "DATABASE_NEWER",
      `The database has migrations that this service lacks: ${unknown.join(", ")}.`,
    );
  }
  const edited = applied.rows.filter((row) => known.get(row.name) !== row.checksum).map((row) => row.name);
  if (edited.length > 0) {
    throw new MigrationProblem("MIGRATION_EDITED", `Edited after it was applied: ${edited.join(", ")}.`);
  }
  const names = new Set(applied.rows.map((row) => row.name));
  return files.filter((file) => !names.has(file.name));
}

/**
 * Checksums are written before the migrations run: one whose migration then fails is overwritten by the next attempt,
 * and an applied migration without a checksum cannot come about.
 */
async function recordChecksums(client: pg.ClientBase, files: readonly MigrationFile[], ledger: Ledger): Promise<void> {
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${ledger.checksums} (name text PRIMARY KEY, checksum text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'))`,
  );
  await client.query(
    `INSERT INTO ${ledger.checksums} (name, checksum) SELECT * FROM unnest($1::text[], $2::text[])
     ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum`,
    [files.map((file) => file.name), files.map((file) => file.checksum)],
  );
}

async function ensureAppRole(client: pg.ClientBase): Promise<void> {
  const found = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [appRole]);
  if (found.rowCount === 1) return;
  try {
    await client.query(`CREATE ROLE ${appRole} NOLOGIN`);
    await client.query(`GRANT ${appRole} TO CURRENT_USER`);
  } catch (error) {
    // Roles belong to the whole cluster: another database's migration may have made it meanwhile.
    if ((await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [appRole])).rowCount === 1) return;
    throw new MigrationProblem("APP_ROLE_MISSING", `The role ${appRole} does not exist and could not be created.`, {
      cause: error,
    });
  }
}

function quietLogger(log: ((message: string) => void) | undefined) {
  const write = (message: string): void => log?.(message);
  return { debug: write, info: write, warn: write, error: write };
}
