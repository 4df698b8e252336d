import type pg from "pg";

/** The schema of the job queue, graphile-worker's own; its tables stand beside ours and are none of them. */
export const queueSchema = "graphile_worker";

/** The last migration of the version in package.json: a test compares it with what the library has. */
export const queueRevision = 19;

/**
 * Installs the job queue, or brings it up to date, as the role that owns the tables; then lets the app role work with it. Under the lock of
 * the migration, on its connection.
 * @param role the app role
 */
export async function installQueue(client: pg.ClientBase, role: string): Promise<void> {
  if (await isInstalled(client, role)) return;
  // Loaded only where there is something to install: a start has no use for it.
  const { Logger, runMigrations } = await import("graphile-worker");
  await runMigrations({ pgPool: poolOf(client), schema: queueSchema, logger: new Logger(() => () => undefined) });
  await admit(client, role);
}

async function isInstalled(client: pg.ClientBase, role: string): Promise<boolean> {
  const { rows: found } = await client.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [
    `${queueSchema}.migrations`,
  ]);
  if (found[0]?.there !== true) return false;
  const { rows } = await client.query<{ whole: boolean }>(
    `SELECT (SELECT max(id) FROM ${queueSchema}.migrations) >= $1 AND NOT EXISTS (
       SELECT FROM pg_class c WHERE c.relnamespace = $2::regnamespace AND c.relkind = 'r' AND NOT EXISTS (
         SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = $3)) AS whole`,
    [queueRevision, queueSchema, role],
  );
  return rows[0]?.whole === true;
}

/**
 * The library's tables have row level security without a policy, so that only their owner gets at them; the app role gets one that lets it
 * see each row. What it can do there is wake a worker, or not wake it: what is sent is decided by our own tables.
 */
async function admit(client: pg.ClientBase, role: string): Promise<void> {
  const { rows } = await client.query<{ name: string; ours: boolean }>(
    `SELECT c.oid::regclass::text AS name, EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = $2) AS ours
       FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r' ORDER BY 1`,
    [queueSchema, role],
  );
  const policies = rows
    .filter(({ ours }) => !ours)
    .map(({ name }) => `CREATE POLICY ${role} ON ${name} TO ${role} USING (true) WITH CHECK (true);`);
  await client.query(
    `BEGIN;
     GRANT USAGE ON SCHEMA ${queueSchema} TO ${role};
     GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${queueSchema} TO ${role};
     REVOKE INSERT, UPDATE, DELETE ON ${queueSchema}.migrations FROM ${role};
     GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${queueSchema} TO ${role};
     ${policies.join("\n")}
     COMMIT`,
  );
}

/** The library asks for a pool: it gets the one connection that holds the lock. */
function poolOf(client: pg.ClientBase): pg.Pool {
  const lent = { query: client.query.bind(client), release: () => undefined };
  const pool = { connect: async () => lent, listeners: () => [() => undefined] };
  return pool as unknown as pg.Pool;
}
