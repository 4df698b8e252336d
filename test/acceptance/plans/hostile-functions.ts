/**
 * Functions that stand in the target and that a step merely calls: the file does not show what they do, so only the measured
 * change can stop them (PLAN-5).
 */
export interface HostileFunction {
  readonly name: string;
  /** The body, in PL/pgSQL. */
  readonly body: string;
  readonly says: RegExp;
  /** It works with the rights of the superuser who made it. */
  readonly definer?: true;
  /** It leaves nothing in catalogs or rows: what it changes is the session, or where a sequence stands. */
  readonly leavesNoTrace?: true;
}

const run = (sql: string): string => `execute $sql$${sql}$sql$;`;
const here = (sql: string): string => `execute format($sql$${sql}$sql$, current_database());`;

/** Name, SQL that it runs as text, and words of the refusal. */
const dynamic: readonly (readonly [name: string, sql: string, says: RegExp])[] = [
  ["drops a table", "DROP TABLE app.guarded", /table app\.guarded is dropped/],
  ["inserts elsewhere", "INSERT INTO app.secrets (id, owner) VALUES (9, 1)", /app\.secrets: 1 rows by insert/],
  ["updates elsewhere", "UPDATE app.secrets SET note = 'x'", /app\.secrets: 2 rows by update/],
  ["deletes elsewhere", "DELETE FROM app.secrets WHERE id = 1", /app\.secrets: 1 rows by delete/],
  ["truncates", "TRUNCATE app.secrets", /app\.secrets was truncated/],
  ["drops an index", "DROP INDEX app.secrets_body", /index app\.secrets_body is dropped/],
  ["makes an index", "CREATE INDEX secrets_note ON app.secrets (note)", /index app\.secrets_note is added/],
  ["renames an index", "ALTER INDEX app.secrets_body RENAME TO other", /index app\.other is added/],
  ["grants to everybody", "GRANT SELECT ON app.secrets TO PUBLIC", /table app\.secrets is changed/],
  ["grants a column", "GRANT UPDATE (note) ON app.secrets TO PUBLIC", /table app\.secrets is changed/],
  [
    "grants a function",
    "GRANT EXECUTE ON FUNCTION app.answer() TO countersign_app WITH GRANT OPTION",
    /function app\.answer\(\) is changed/,
  ],
  ["grants a schema", "GRANT CREATE ON SCHEMA app TO PUBLIC", /schema app is changed/],
  ["grants the database", "GRANT CONNECT ON DATABASE %I TO PUBLIC", /pg_database was written to/],
  ["takes a privilege", "REVOKE SELECT ON app.guarded FROM countersign_app", /table app\.guarded is changed/],
  [
    "changes what is granted by default",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
    /default acl .* is added/,
  ],
  [
    "makes a trigger",
    "CREATE TRIGGER more AFTER INSERT ON app.goods FOR EACH ROW EXECUTE FUNCTION app.smuggle()",
    /trigger more on app\.goods is added/,
  ],
  ["disables a trigger", "ALTER TABLE app.secrets DISABLE TRIGGER watch", /trigger watch on app\.secrets is changed/],
  ["drops a trigger", "DROP TRIGGER watch ON app.secrets", /trigger watch on app\.secrets is dropped/],
  [
    "makes a rule",
    "CREATE RULE more AS ON INSERT TO app.goods DO ALSO DELETE FROM app.secrets",
    /rule more on app\.goods is added/,
  ],
  ["makes a schema", "CREATE SCHEMA other", /schema other is added/],
  ["makes a domain", "CREATE DOMAIN app.positive AS int CHECK (value > 0)", /type app\.positive is added/],
  ["makes an extension", "CREATE EXTENSION dict_int SCHEMA app", /extension dict_int is added/],
  [
    "makes statistics",
    "CREATE STATISTICS app.together ON id, body FROM app.secrets",
    /statistics object app\.together is added/,
  ],
  [
    "makes a publication",
    "CREATE PUBLICATION news FOR TABLE app.secrets",
    /publication news is added|pg_publication_rel was written/,
  ],
  ["sets the database", "ALTER DATABASE %I SET work_mem = '8MB'", /pg_db_role_setting was written to/],
  ["sets the role", "ALTER ROLE CURRENT_USER IN DATABASE %I SET work_mem = '8MB'", /pg_db_role_setting was written to/],
  ["makes a large object", "SELECT lo_create(0)", /pg_largeobject_metadata was written to/],
  ["comments on a table", "COMMENT ON TABLE app.secrets IS 'x'", /table app\.secrets is changed/],
  ["comments on a column", "COMMENT ON COLUMN app.secrets.note IS 'x'", /table app\.secrets is changed/],
  [
    "comments on a policy",
    "COMMENT ON POLICY own_rows ON app.secrets IS 'x'",
    /policy own_rows on app\.secrets is changed/,
  ],
  ["comments on a rule", "COMMENT ON RULE keep ON app.secrets IS 'x'", /rule keep on app\.secrets is changed/],
  ["comments on the database", "COMMENT ON DATABASE %I IS 'x'", /pg_shdescription was written to/],
  [
    "makes a function the owner's",
    "ALTER FUNCTION app.answer() SECURITY DEFINER",
    /function app\.answer\(\) is changed/,
  ],
  [
    "changes a function's search path",
    "ALTER FUNCTION app.answer() SET search_path = app",
    /function app\.answer\(\) is changed/,
  ],
  [
    "replaces a function",
    "CREATE OR REPLACE FUNCTION app.answer() RETURNS int LANGUAGE sql AS 'SELECT 43'",
    /function app\.answer\(\) is changed/,
  ],
  ["changes a default", "ALTER TABLE app.secrets ALTER note SET DEFAULT 'x'", /table app\.secrets is changed/],
  [
    "lets a column be null",
    "ALTER TABLE app.secrets ALTER body DROP NOT NULL",
    /secrets_body_not_null on app\.secrets is dropped|table app\.secrets is changed/,
  ],
  [
    "drops a foreign key",
    "ALTER TABLE app.secrets DROP CONSTRAINT secrets_owner_fkey",
    /secrets_owner_fkey on app\.secrets is dropped/,
  ],
  [
    "empties a column by dropping it and putting it back",
    "ALTER TABLE app.secrets DROP COLUMN note, ADD COLUMN note text",
    /table app\.secrets is (changed|replaced)/,
  ],
  [
    "empties a column by its type",
    "ALTER TABLE app.secrets ALTER note TYPE text USING NULL",
    /app\.secrets was truncated or rewritten/,
  ],
  ["switches row security off", "ALTER TABLE app.secrets DISABLE ROW LEVEL SECURITY", /table app\.secrets is changed/],
  ["opens a policy", "ALTER POLICY own_rows ON app.secrets USING (true)", /policy own_rows on app\.secrets is changed/],
  [
    "replaces a view",
    "CREATE OR REPLACE VIEW app.listed AS SELECT id, 'x'::text AS label FROM app.goods",
    /view app\.listed is changed/,
  ],
  ["refreshes a materialized view", "REFRESH MATERIALIZED VIEW app.counted", /app\.counted/],
  ["adds a value to an enum", "ALTER TYPE app.mood ADD VALUE 'angry'", /type app\.mood is changed/],
  [
    "changes a search configuration",
    "ALTER TEXT SEARCH CONFIGURATION app.words DROP MAPPING FOR word",
    /text search configuration app\.words is changed|pg_ts_config_map was written to/,
  ],
  ["clusters by an index", "ALTER TABLE app.secrets CLUSTER ON secrets_body", /index app\.secrets_body is changed/],
  [
    "gives a sequence to another table",
    "ALTER SEQUENCE app.belonging OWNED BY app.goods.id",
    /sequence app\.belonging is changed/,
  ],
  ["starts an unused sequence elsewhere", "ALTER SEQUENCE app.unused RESTART WITH 1000", /sequence app\.unused/],
  [
    "leaves a temporary table",
    "CREATE TEMP TABLE scratch (x int)",
    /table pg_temp.*scratch is added|changed its session/,
  ],
  ["moves a table to another schema", "ALTER TABLE app.secrets SET SCHEMA public", /app\.secrets\S* is dropped/],
  [
    "lifts the fence",
    "UPDATE countersign_fence SET fencing_token = fencing_token + 1000",
    /countersign_fence: \d+ rows by update/,
  ],
  [
    "forges a marker",
    "INSERT INTO countersign_run (run_root, auth_code, build) VALUES ('x', 'x', 'x')",
    /countersign_run: 1 rows by insert/,
  ],
  [
    "changes the service's own tables",
    "ALTER TABLE countersign_run_marker ADD COLUMN more text",
    /table public\.countersign_run_marker is changed/,
  ],
];

/** What only a superuser's function can do. */
const powerful: readonly (readonly [name: string, sql: string, says: RegExp])[] = [
  ["makes a role", "CREATE ROLE countersign_hostile", /pg_authid was written to/],
  ["gives a table to the superuser", "ALTER TABLE app.secrets OWNER TO CURRENT_USER", /table app\.secrets is changed/],
  [
    "makes an event trigger",
    "CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end'; CREATE EVENT TRIGGER ddl ON sql_drop EXECUTE FUNCTION app.on_ddl()",
    /event trigger ddl is added/,
  ],
  ["switches foreign keys off", "ALTER TABLE app.secrets DISABLE TRIGGER ALL", /table app\.secrets is changed/],
  [
    "opens the server's files to everybody",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC",
    /pg_read_file/,
  ],
  [
    "hides a function among PostgreSQL's own",
    "CREATE FUNCTION pg_catalog.app_answer() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    /app_answer/,
  ],
  ["hides a table in the information schema", "CREATE TABLE information_schema.hidden (x int)", /hidden/],
  [
    "writes to the catalog itself",
    "UPDATE pg_database SET datconnlimit = 5 WHERE datname = '%s'",
    /pg_database was written to/,
  ],
  [
    "makes a foreign server",
    "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far",
    /server away is added/,
  ],
];

const inPlpgsql: readonly HostileFunction[] = [
  {
    name: "deletes a row and puts it back with other words",
    body: "delete from app.secrets where id = 1; insert into app.secrets values (1, 'z', 1, 'kept');",
    says: /app\.secrets: 1 rows by insert/,
  },
  {
    name: "moves another sequence",
    body: "perform nextval('app.numbers');",
    says: /sequence app\.numbers has moved/,
    leavesNoTrace: true,
  },
  {
    name: "sets another sequence",
    body: "perform setval('app.numbers', 500);",
    says: /sequence app\.numbers has moved/,
    leavesNoTrace: true,
  },
  {
    name: "sets a sequence that was never used",
    body: "perform setval('app.unused', 77, false);",
    says: /sequence app\.unused/,
    leavesNoTrace: true,
  },
  {
    name: "lifts the timeout of the transaction",
    body: "perform set_config('statement_timeout', '0', true);",
    says: /changed its session/,
    leavesNoTrace: true,
  },
  {
    name: "lifts the timeout of the session",
    body: "perform set_config('lock_timeout', '0', false);",
    says: /changed its session/,
    leavesNoTrace: true,
  },
  {
    name: "sets the search path",
    body: "perform set_config('search_path', 'app', true);",
    says: /changed its session/,
    leavesNoTrace: true,
  },
  {
    name: "takes on another role",
    body: "perform set_config('role', 'countersign_app', true);",
    says: /changed its session|permission denied/,
    leavesNoTrace: true,
  },
  {
    name: "takes a lock that outlives the transaction",
    body: "perform pg_advisory_lock(4242);",
    says: /lock|session/,
    leavesNoTrace: true,
  },
  {
    name: "leaves a cursor that writes at commit",
    body: "execute 'DECLARE late CURSOR WITH HOLD FOR SELECT app.wins(70)';",
    says: /cursor|session|app\.secrets/,
    leavesNoTrace: true,
  },
];

export const hostileFunctions: readonly HostileFunction[] = [
  ...dynamic.map(([name, sql, says]) => ({ name, body: sql.includes("%I") ? here(sql) : run(sql), says })),
  ...powerful.map(([name, sql, says]) => ({
    name: `${name}, with a superuser's rights`,
    body: sql.includes("%s") ? here(sql) : run(sql),
    says,
    definer: true as const,
  })),
  ...inPlpgsql,
];
