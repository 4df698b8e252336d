import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import pg from "pg";
import type { EmbeddedServer } from "./start.ts";
import type { ProvisionedRole } from "./state.ts";

export const controlDatabase = "countersign";
export const targetDatabase = "countersign_target";

/** Held while roles and databases are made, so that processes starting at once do not trip over each other. */
const provisionLock = 4_226_530;

export interface RoleOptions {
  readonly name: string;
  readonly password: string;
}

export interface Provisioned {
  /** The control database, as the role that owns its tables. */
  readonly ownerUrl: string;
  /** The control database, as the role that the service works as. */
  readonly appUrl: string;
  /** The default target database, as its owner. */
  readonly targetUrl: string;
}

/**
 * Makes the control and the target database with their roles, or checks that they are there: each role can connect
 * to its own database only. Safe to run from any number of processes at once.
 */
export async function provision(server: EmbeddedServer): Promise<Provisioned> {
  await asSuperuser(server, async (client) => {
    const { countersign_owner, countersign_app, countersign_target } = server.roles;
    await ensureRoleBy(client, { name: "countersign_owner", password: countersign_owner });
    await ensureRoleBy(client, { name: "countersign_app", password: countersign_app });
    await ensureRoleBy(client, { name: "countersign_target", password: countersign_target });
    // The owner may step down to the app role, so that its URL alone is enough for a service.
    await client.query("GRANT countersign_app TO countersign_owner");
    await createDatabaseBy(client, controlDatabase, "countersign_owner", ["countersign_app"]);
    await createDatabaseBy(client, targetDatabase, "countersign_target");
    for (const database of ["postgres", "template1"]) await closeToPublic(client, database);
  });
  const url = (database: string, user: ProvisionedRole) => server.url(database, { user, password: server.roles[user] });
  return {
    ownerUrl: url(controlDatabase, "countersign_owner"),
    appUrl: url(controlDatabase, "countersign_app"),
    targetUrl: url(targetDatabase, "countersign_target"),
  };
}

/** Makes a role that can log in and nothing else, or gives the one that is there this password. */
export function ensureRole(server: EmbeddedServer, role: RoleOptions): Promise<void> {
  return asSuperuser(server, (client) => ensureRoleBy(client, role));
}

/** Makes a database, if it is not there, that only its owner (and the superuser) can connect to. */
export function createDatabase(server: EmbeddedServer, name: string, owner: string): Promise<void> {
  return asSuperuser(server, (client) => createDatabaseBy(client, name, owner));
}

/** Works with a superuser's connection to the database `postgres`, one caller at a time in the whole cluster. */
async function asSuperuser<T>(server: EmbeddedServer, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.url("postgres"), application_name: "countersign-provision" });
  // What is lost between two queries, the next one is rejected with.
  client.on("error", () => undefined);
  await client.connect();
  try {
    // Of the session, not of a transaction: CREATE DATABASE cannot run in one. It ends with the connection.
    await client.query("SELECT pg_advisory_lock($1)", [provisionLock]);
    return await work(client);
  } finally {
    await client.end();
  }
}

const roleAttributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";

async function ensureRoleBy(client: pg.Client, role: RoleOptions): Promise<void> {
  const found = await client.query<{ verifier: string | null; plain: boolean }>(
    `SELECT rolpassword AS verifier,
            rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls) AS plain
       FROM pg_authid WHERE rolname = $1`,
    [role.name],
  );
  const existing = found.rows[0];
  if (existing?.plain === true && matchesVerifier(role.password, existing.verifier)) return;
  const verb = existing === undefined ? "CREATE" : "ALTER";
  await client.query(
    `${verb} ROLE ${pg.escapeIdentifier(role.name)} ${roleAttributes} PASSWORD ${pg.escapeLiteral(role.password)}`,
  );
}

/** Whether a SCRAM verifier (RFC 5803, as pg_authid keeps it) was made from the password. */
function matchesVerifier(password: string, verifier: string | null): boolean {
  const [, iterations, salt, storedKey] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier ?? "") ?? [];
  if (iterations === undefined || salt === undefined || storedKey === undefined) return false;
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), Number(iterations), 32, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const expected = Buffer.from(storedKey, "base64");
  const actual = createHash("sha256").update(clientKey).digest();
  return expected.length === actual.length && timingSafeEqual(actual, expected);
}

async function createDatabaseBy(
  client: pg.Client,
  name: string,
  owner: string,
  others: readonly string[] = [],
): Promise<void> {
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
  if (found.rowCount === 0) {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} OWNER ${pg.escapeIdentifier(owner)}`);
  }
  await closeToPublic(client, name);
  for (const role of others) await admit(client, name, role);
}

async function closeToPublic(client: pg.Client, database: string): Promise<void> {
  const open = await client.query(
    `SELECT FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) acl
      WHERE datname = $1 AND acl.grantee = 0`,
    [database],
  );
  if (open.rowCount !== 0) await client.query(`REVOKE ALL ON DATABASE ${pg.escapeIdentifier(database)} FROM PUBLIC`);
}

async function admit(client: pg.Client, database: string, role: string): Promise<void> {
  const may = await client.query<{ may: boolean }>("SELECT has_database_privilege($1, $2, 'CONNECT') AS may", [
    role,
    database,
  ]);
  if (may.rows[0]?.may === true) return;
  await client.query(`GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(database)} TO ${pg.escapeIdentifier(role)}`);
}
