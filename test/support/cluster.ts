import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { type EmbeddedServer, provision, startEmbedded } from "../../src/database/embedded/index.ts";
import { isAlive, ownStamp } from "../../src/database/embedded/processes.ts";
import { migrate, migrationsDirectory } from "../../src/database/migrate.ts";

/** A database of one test file's own, in the one PostgreSQL that all files of a test run share. */
export interface TestDatabase {
  readonly name: string;
  /** As the owner of the tables. */
  readonly ownerUrl: string;
  /** As the role that the service works as. */
  readonly appUrl: string;
  readonly superUrl: string;
  /** Drops it at once, whoever is connected; done at the test's teardown anyway. */
  drop(): Promise<void>;
}

/** A database that is made once for all test files, and copied for whoever uses it. */
export interface Pattern {
  /** Of lower-case letters. */
  readonly kind: string;
  /** What it is made of, in SQL, by a superuser. */
  readonly sql: string;
}

/** What is needed of a tap test. */
interface Owner {
  teardown(work: () => Promise<void>): unknown;
}

/** Nothing here need survive a power failure, nor anybody who guesses passwords: tests connect thousands of times. */
const settings = { fsync: "off", full_page_writes: "off", max_connections: "300", scram_iterations: "1" };
const templateLock = 4_226_532;
const templatePrefix = "countersign_template_";
/** Followed by pid, start time of the process, and a random part. */
const databasePrefix = "countersign_test_";

/**
 * A fresh database for a test, as the migrations leave it.
 * @param options.migrated false for an empty database
 * @param options.pattern for a copy of another one
 */
export async function useDatabase(
  t: Owner,
  options: { readonly migrated?: boolean; readonly pattern?: Pattern | undefined } = {},
): Promise<TestDatabase> {
  const { server, template } = await sharedCluster();
  const { pid, start } = ownStamp();
  const name = `${databasePrefix}${pid}_${start}_${randomBytes(4).toString("hex")}`;
  const { pattern } = options;
  const plain = options.migrated === false ? "template1" : template;
  const source = pattern === undefined ? plain : await ensurePattern(server, pattern);
  await asSuperuser(server, async (client) => {
    await client.query(`CREATE DATABASE ${name} OWNER countersign_owner TEMPLATE ${source} STRATEGY file_copy`);
    await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO countersign_app`);
  });
  const drop = () => asSuperuser(server, (client) => dropDatabase(client, name));
  t.teardown(drop);
  const { countersign_owner, countersign_app } = server.roles;
  return {
    name,
    ownerUrl: server.url(name, { user: "countersign_owner", password: countersign_owner }),
    appUrl: server.url(name, { user: "countersign_app", password: countersign_app }),
    superUrl: server.url(name),
    drop,
  };
}

interface SharedCluster {
  readonly server: EmbeddedServer;
  readonly template: string;
}

let shared: Promise<SharedCluster> | undefined;

/** The server of this process's tests: joined at first use, left when the process has nothing more to do. */
function sharedCluster(): Promise<SharedCluster> {
  shared ??= joinCluster();
  return shared;
}

async function joinCluster(): Promise<SharedCluster> {
  const server = await startEmbedded({ dataDir: await clusterDirectory(), settings, log: () => undefined });
  process.once("beforeExit", () => void server.stop());
  await provision(server);
  const template = await asSuperuser(server, async (client) => {
    await client.query("SELECT pg_advisory_lock($1)", [templateLock]);
    await dropLeftovers(client);
    await rehashPasswords(server, client);
    return ensureTemplate(server, client);
  });
  return { server, template };
}

/** That of the superuser was stored before the settings were in force. */
async function rehashPasswords(server: EmbeddedServer, client: pg.Client): Promise<void> {
  const { username, password } = new URL(server.url("postgres"));
  const { rowCount } = await client.query(
    "SELECT FROM pg_authid WHERE rolname = $1 AND rolpassword NOT LIKE 'SCRAM-SHA-256$1:%'",
    [username],
  );
  const literal = pg.escapeLiteral(decodeURIComponent(password));
  if (rowCount !== 0) await client.query(`ALTER ROLE ${pg.escapeIdentifier(username)} PASSWORD ${literal}`);
}

/** One cluster for each user, checkout and PostgreSQL version; it stays for the next run. */
async function clusterDirectory(): Promise<string> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const versions = JSON.stringify((JSON.parse(manifest) as { optionalDependencies?: object }).optionalDependencies);
  const key = createHash("sha256").update(`${migrationsDirectory}\n${versions}`).digest("hex").slice(0, 12);
  const { uid } = os.userInfo();
  const directory = path.join(os.tmpdir(), `countersign-test-${uid}-${key}`);
  await mkdir(directory, { recursive: true, mode: uid === 0 ? 0o711 : 0o700 });
  if ((await stat(directory)).uid !== uid && process.platform !== "win32")
    throw new Error(`${directory} belongs to another user.`);
  return directory;
}

/** Makes the template of these very migrations if it is missing. It counts as made once it is marked as a template. */
async function ensureTemplate(server: EmbeddedServer, client: pg.Client): Promise<string> {
  const name = `${templatePrefix}${await migrationsHash()}`;
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", [name]);
  if (found.rowCount === 1) return name;
  await dropTemplates(client, templatePrefix);
  await client.query(`CREATE DATABASE ${name} OWNER countersign_owner`);
  await migrate({
    ownerUrl: server.url(name, { user: "countersign_owner", password: server.roles.countersign_owner }),
  });
  await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  return name;
}

const patterns = new Map<string, Promise<string>>();

function ensurePattern(server: EmbeddedServer, { kind, sql }: Pattern): Promise<string> {
  const name = `${templatePrefix}${kind}_${createHash("sha256").update(sql).digest("hex").slice(0, 16)}`;
  const known = patterns.get(name) ?? asSuperuser(server, (client) => makePattern(server, client, { name, kind, sql }));
  patterns.set(name, known);
  return known;
}

async function makePattern(
  server: EmbeddedServer,
  client: pg.Client,
  { name, kind, sql }: Pattern & { readonly name: string },
): Promise<string> {
  await client.query("SELECT pg_advisory_lock($1)", [templateLock]);
  const found = await client.query("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", [name]);
  if (found.rowCount === 1) return name;
  await dropTemplates(client, `${templatePrefix}${kind}_`);
  await client.query(`CREATE DATABASE ${name} OWNER countersign_owner TEMPLATE template1`);
  const maker = new pg.Client({ connectionString: server.url(name) });
  await maker.connect();
  try {
    await maker.query(sql);
  } finally {
    await maker.end();
  }
  await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  return name;
}

async function migrationsHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await readdir(migrationsDirectory)).filter((file) => file.endsWith(".sql")).sort()) {
    hash.update(`${name}\n`).update(await readFile(path.join(migrationsDirectory, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

async function dropTemplates(client: pg.Client, prefix: string): Promise<void> {
  const old = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE starts_with(datname, $1)",
    [prefix],
  );
  for (const { datname } of old.rows) {
    await client.query(`ALTER DATABASE ${datname} IS_TEMPLATE false`);
    await dropDatabase(client, datname);
  }
}

/** Databases of test processes that were killed. */
async function dropLeftovers(client: pg.Client): Promise<void> {
  const found = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE starts_with(datname, $1)",
    [databasePrefix],
  );
  for (const { datname } of found.rows) {
    const [pid, start] = datname.slice(databasePrefix.length).split("_");
    if (!isAlive({ pid: Number(pid), start: start ?? "" })) await dropDatabase(client, datname);
  }
}

async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

async function asSuperuser<T>(server: EmbeddedServer, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: server.url("postgres") });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
