import type { Tampering } from "./tampering.ts";

export const roles: readonly Tampering[] = [
  {
    what: "directus may log in",
    sql: "ALTER ROLE directus LOGIN",
    back: "ALTER ROLE directus NOLOGIN",
    named: [["role directus", "login"]],
  },
  {
    what: "cutter_exec passes row security",
    sql: "ALTER ROLE cutter_exec BYPASSRLS",
    back: "ALTER ROLE cutter_exec NOBYPASSRLS",
    named: [["role cutter_exec", "bypass_row_security"]],
  },
  {
    what: "cutter_verify is a superuser",
    sql: "ALTER ROLE cutter_verify SUPERUSER",
    back: "ALTER ROLE cutter_verify NOSUPERUSER",
    named: [["role cutter_verify", "superuser"]],
  },
  {
    what: "cutter_exec is in pg_write_server_files",
    sql: "GRANT pg_write_server_files TO cutter_exec",
    back: "REVOKE pg_write_server_files FROM cutter_exec",
    named: [["role cutter_exec", "member_of"]],
  },
  {
    what: "another login in directus",
    sql: "CREATE ROLE lifecycle_intruder LOGIN IN ROLE directus; DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO lifecycle_intruder', current_database()); END $$",
    named: [["membership of lifecycle_intruder in directus", "object"]],
  },
  {
    what: "a login that is let in by the service's own",
    sql: "CREATE ROLE lifecycle_intruder LOGIN IN ROLE countersign_owner; DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO lifecycle_intruder', current_database()); END $$",
    named: [["membership of lifecycle_intruder in countersign_owner", "object"]],
  },
  {
    what: "the service's own login may let others into directus",
    sql: "GRANT directus TO countersign_owner WITH ADMIN OPTION",
    back: "REVOKE ADMIN OPTION FOR directus FROM countersign_owner",
    named: [["membership of countersign_owner in directus", "admin"]],
  },
  {
    what: "a marker set for every session of directus",
    sql: "ALTER ROLE directus SET app.canonical_writer = 'fn_iu_enact'",
    back: "ALTER ROLE directus RESET app.canonical_writer",
    named: [["settings of role directus", "object"]],
  },
  {
    what: "triggers passed over in this database",
    sql: "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$",
    back: "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET session_replication_role', current_database()); END $$",
    named: [["settings of every role in this database", "object"]],
  },
  {
    what: "triggers passed over by a login of nobody's",
    sql: "CREATE ROLE lifecycle_intruder LOGIN; ALTER ROLE lifecycle_intruder SET session_replication_role = replica",
    back: "DROP ROLE lifecycle_intruder",
    named: [["settings of role lifecycle_intruder", "object"]],
  },
  {
    what: "anybody may make objects in cutter_governance",
    sql: "GRANT CREATE ON SCHEMA cutter_governance TO PUBLIC",
    back: "REVOKE CREATE ON SCHEMA cutter_governance FROM PUBLIC",
    named: [["schema cutter_governance", "privileges"]],
  },
  {
    what: "another owner of the schema public",
    sql: "ALTER SCHEMA public OWNER TO cutter_exec",
    named: [["schema public", "owner"]],
  },
  {
    what: "what directus makes is everybody's",
    sql: "ALTER DEFAULT PRIVILEGES FOR ROLE directus IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC",
    back: "ALTER DEFAULT PRIVILEGES FOR ROLE directus IN SCHEMA public REVOKE ALL ON TABLES FROM PUBLIC",
    named: [["default privileges of directus in public for tables", "object"]],
  },
  {
    what: "a language that anybody may call C with",
    sql: "UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c'; REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
    back: "GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC; UPDATE pg_language SET lanpltrusted = false WHERE lanname = 'c'",
    named: [
      ["language c", "trusted"],
      ["language plpgsql", "privileges"],
    ],
  },
  {
    what: "one more superuser",
    sql: "CREATE ROLE lifecycle_intruder LOGIN SUPERUSER",
    back: "DROP ROLE lifecycle_intruder",
    named: [["superusers", "logins"]],
  },
  {
    what: "replica mode for everybody",
    sql: "GRANT SET ON PARAMETER session_replication_role TO PUBLIC",
    back: "REVOKE SET ON PARAMETER session_replication_role FROM PUBLIC",
    named: [["parameter session_replication_role", "object"]],
  },
  {
    what: "nothing that a login is refused gets into the log",
    sql: "CREATE ROLE lifecycle_intruder LOGIN; ALTER ROLE lifecycle_intruder SET log_min_messages = panic",
    back: "DROP ROLE lifecycle_intruder",
    named: [["settings of role lifecycle_intruder", "object"]],
  },
];
