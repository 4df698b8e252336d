import { anyway, type SmallStep } from "./small-plan.ts";

/** A step that is refused before it is registered: where the fault is, and words of it. */
export interface Refused {
  readonly name: string;
  readonly step: SmallStep;
  readonly pointer: string;
  readonly says: RegExp;
}

const change: readonly (readonly [name: string, sql: string, says: RegExp])[] = [
  [
    "a DROP hidden in a DO block",
    "DO $$ begin execute 'DROP TABLE ' || 'app.secrets'; end $$",
    /Dynamic SQL is refused/,
  ],
  [
    "a DROP hidden in a function that is made",
    "CREATE FUNCTION app.f() RETURNS int LANGUAGE plpgsql AS $$ begin execute 'DROP TABLE app.secrets'; return 1; end $$",
    /Dynamic SQL/,
  ],
  ["SET ROLE", "SET ROLE postgres", /VariableSetStmt/],
  ["SET LOCAL of a timeout", "SET LOCAL statement_timeout = 0", /VariableSetStmt/],
  ["RESET", "RESET ALL", /VariableSetStmt/],
  ["set_config", "SELECT set_config('statement_timeout', '0', true)", /set_config is refused/],
  ["set_config in escapes", "SELECT U&\"\\0073et_config\"('a.b', 'c', false)", /set_config is refused/],
  ["COMMIT", "INSERT INTO app.goods (id) VALUES (9); COMMIT", /TransactionStmt/],
  ["COMMIT in a DO block", "DO $$ begin commit; end $$", /COMMIT is refused/],
  ["ROLLBACK in a DO block", "DO $$ begin rollback; end $$", /ROLLBACK is refused/],
  ["a savepoint", "SAVEPOINT a", /TransactionStmt/],
  ["a prepared transaction", "PREPARE TRANSACTION 'a'", /TransactionStmt/],
  ["COPY from a program", "COPY app.goods FROM PROGRAM 'id'", /CopyStmt/],
  ["COPY to a file", "COPY app.secrets TO '/tmp/secrets'", /CopyStmt/],
  ["VACUUM", "VACUUM app.goods", /VacuumStmt/],
  ["CREATE INDEX CONCURRENTLY", "CREATE INDEX CONCURRENTLY i ON app.goods (label)", /CONCURRENTLY cannot be rehearsed/],
  ["setval", "SELECT setval('app.numbers', 1)", /setval is refused/],
  ["dblink", "SELECT dblink_exec('dbname=postgres', 'DROP TABLE t')", /dblink_exec is refused/],
  ["a fresh value of an enum", "ALTER TYPE app.mood ADD VALUE 'angry'", /cannot be rehearsed/],
  ["a temporary table", "CREATE TEMP TABLE a (x int)", /Temporary objects/],
  ["TRUNCATE", "TRUNCATE app.secrets", /TruncateStmt/],
  ["triggers switched off", "ALTER TABLE app.secrets DISABLE TRIGGER ALL", /switched off/],
  ["CALL", "CALL app.p()", /CallStmt/],
  ["LOCK", "LOCK TABLE app.secrets", /LockStmt/],
  ["pg_sleep", "SELECT pg_sleep(60)", /pg_sleep is refused/],
  ["an advisory lock", "SELECT pg_advisory_lock(1)", /pg_advisory_lock is refused/],
  ["another session ended", "SELECT pg_terminate_backend(1)", /pg_terminate_backend is refused/],
  ["the server's files", "SELECT pg_read_file('/etc/passwd')", /pg_read_file is refused/],
  ["a large object", "SELECT lo_create(0)", /lo_create is refused/],
  ["the catalog's own rows", "UPDATE pg_catalog.pg_proc SET prosecdef = true", /belongs to PostgreSQL/],
  ["an extension", "CREATE EXTENSION dblink", /CreateExtensionStmt/],
  ["an event trigger", "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION app.f()", /CreateEventTrigStmt/],
  ["a role", "CREATE ROLE countersign_hostile SUPERUSER", /CreateRoleStmt/],
  ["a setting of the database", "ALTER DATABASE postgres SET work_mem = '8MB'", /AlterDatabaseSetStmt/],
  ["a cursor that outlives the transaction", "DECLARE c CURSOR WITH HOLD FOR SELECT app.wins(1)", /DeclareCursorStmt/],
  ["NOTIFY", "NOTIFY a", /NotifyStmt/],
  ["SQL that does not parse", "CREATE TABEL x ()", /cannot be parsed/],
];

const step = { sql: "SELECT 1" };
const elsewhere: readonly Refused[] = [
  {
    name: "a DELETE as evidence",
    step: {
      ...step,
      evidence: [{ ...anyway, sql: "WITH d AS (DELETE FROM app.secrets RETURNING 1) SELECT count(*) FROM d" }],
    },
    pointer: "/steps/0/evidence/0/sql",
    says: /must not write/,
  },
  {
    name: "two statements as evidence",
    step: { ...step, evidence: [{ ...anyway, sql: "SELECT 1; DELETE FROM app.secrets" }] },
    pointer: "/steps/0/evidence/0/sql",
    says: /one SELECT/,
  },
  {
    name: "nextval as a stop condition",
    step: { ...step, stop: [{ name: "sly", sql: "SELECT nextval('app.numbers') < 0" }] },
    pointer: "/steps/0/stop/0/sql",
    says: /nextval/,
  },
  {
    name: "COMMIT as a negative test",
    step: { ...step, negative: [{ name: "sly", sql: "COMMIT", refused_with: { sqlstate: "23505" } }] },
    pointer: "/steps/0/negative/0/sql",
    says: /TransactionStmt/,
  },
  {
    name: "two statements as a negative test",
    step: {
      ...step,
      negative: [{ name: "sly", sql: "DELETE FROM app.secrets; SELECT 1", refused_with: { sqlstate: "23505" } }],
    },
    pointer: "/steps/0/negative/0/sql",
    says: /one statement/,
  },
  {
    name: "TRUNCATE as rollback",
    step: { ...step, rollback: { mode: "revert", sql: "TRUNCATE app.secrets", evidence: [anyway] } },
    pointer: "/steps/0/rollback/sql",
    says: /TruncateStmt/,
  },
  {
    name: "a step without its record",
    step: { ...step, records: [] },
    pointer: "/steps/0/records",
    says: /needs its M-1 record/,
  },
  {
    name: "rows of a schema that the fingerprint does not cover",
    step: { ...step, allowed: { rows: { "public.t": { insert: 1 } } } },
    pointer: "/steps/0/allowed/rows/public.t",
    says: /schema public/,
  },
  {
    name: "every table as allowed",
    step: { ...step, allowed: { objects: ["table app.*"] } },
    pointer: "/steps/0/allowed/objects/0",
    says: /Name each table/,
  },
];

export const refusedSteps: readonly Refused[] = [
  ...change.map(([name, sql, says]) => ({ name, step: { sql }, pointer: "/steps/0/sql", says })),
  ...elsewhere,
];
