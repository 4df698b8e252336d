import { enact, guard, keepFunction, putBack, type Tampering } from "./tampering.ts";

const record =
  "cutter_governance.fn_record_review_decision(uuid,text,text,text[],text,text,text,timestamp with time zone)";

export const functions: readonly Tampering[] = [
  {
    what: "the guard lets everything through",
    sql: `${keepFunction(guard)} CREATE OR REPLACE FUNCTION ${guard} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$`,
    back: putBack,
    named: [[`function ${guard}`, "body_sha256"]],
  },
  {
    what: "one blank more in the body of fn_iu_enact",
    sql: `${keepFunction(enact)} DO $$ BEGIN EXECUTE replace(current_setting('test.kept'), 'BEGIN', 'BEGIN '); END $$`,
    back: putBack,
    named: [[`function ${enact}`, "body_sha256"]],
  },
  {
    what: "another owner of fn_iu_enact",
    sql: `ALTER FUNCTION ${enact} OWNER TO postgres`,
    back: `ALTER FUNCTION ${enact} OWNER TO directus`,
    named: [[`function ${enact}`, "owner"]],
  },
  {
    what: "fn_iu_enact for everybody",
    sql: `GRANT EXECUTE ON FUNCTION ${enact} TO PUBLIC`,
    back: `REVOKE EXECUTE ON FUNCTION ${enact} FROM PUBLIC`,
    named: [[`function ${enact}`, "privileges"]],
  },
  {
    what: "fn_iu_enact to be handed on by cutter_exec",
    sql: `GRANT EXECUTE ON FUNCTION ${enact} TO cutter_exec WITH GRANT OPTION`,
    back: `REVOKE GRANT OPTION FOR EXECUTE ON FUNCTION ${enact} FROM cutter_exec`,
    named: [[`function ${enact}`, "privileges"]],
  },
  {
    what: "SECURITY DEFINER taken from fn_iu_enact",
    sql: `ALTER FUNCTION ${enact} SECURITY INVOKER`,
    back: `ALTER FUNCTION ${enact} SECURITY DEFINER`,
    named: [[`function ${enact}`, "security_definer"]],
  },
  {
    what: "the search_path of fn_iu_enact no longer pinned",
    sql: `ALTER FUNCTION ${enact} RESET search_path`,
    back: `ALTER FUNCTION ${enact} SET search_path = pg_catalog, pg_temp`,
    named: [[`function ${enact}`, "configuration"]],
  },
  {
    what: "the marker of fn_iu_enact set on another function",
    sql: `ALTER FUNCTION ${record} SET app.canonical_writer = 'fn_iu_enact'`,
    back: `ALTER FUNCTION ${record} RESET app.canonical_writer`,
    named: [[`function ${record}`, "configuration"]],
  },
  {
    what: "the guard said to be immutable",
    sql: `ALTER FUNCTION ${guard} IMMUTABLE`,
    back: `ALTER FUNCTION ${guard} VOLATILE`,
    named: [[`function ${guard}`, "volatility"]],
  },
  {
    what: "fn_iu_enact called on NULL answers NULL",
    sql: `ALTER FUNCTION ${enact} STRICT`,
    back: `ALTER FUNCTION ${enact} CALLED ON NULL INPUT`,
    named: [[`function ${enact}`, "strict"]],
  },
  {
    what: "a default for the dry run of fn_iu_retire",
    sql: `${keepFunction("public.fn_iu_retire(text,text,uuid,uuid,text,text,boolean)")}
          DO $$ BEGIN EXECUTE replace(current_setting('test.kept'), 'p_dry_run boolean)', 'p_dry_run boolean DEFAULT false)'); END $$`,
    named: [["function public.fn_iu_retire(text,text,uuid,uuid,text,text,boolean)", "arguments"]],
  },
  {
    what: "a further fn_iu_enact",
    sql: "CREATE FUNCTION public.fn_iu_enact(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    back: "DROP FUNCTION public.fn_iu_enact(text)",
    named: [["function public.fn_iu_enact(text)", "object"]],
  },
  {
    what: "fn_iu_emergency_revert installed",
    sql: "CREATE FUNCTION public.fn_iu_emergency_revert() RETURNS void LANGUAGE sql AS ''",
    back: "DROP FUNCTION public.fn_iu_emergency_revert()",
    named: [["function public.fn_iu_emergency_revert()", "object"]],
  },
  {
    what: "fn_iu_retire dropped",
    sql: "DROP FUNCTION public.fn_iu_retire(text,text,uuid,uuid,text,text,boolean)",
    named: [["function public.fn_iu_retire(text,text,uuid,uuid,text,text,boolean)", "object"]],
  },
  {
    what: "a function that is taken for one of PostgreSQL's",
    sql: "CREATE FUNCTION public.encode(bytea, varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'forged' $$",
    back: "DROP FUNCTION public.encode(bytea, varchar)",
    named: [["schema public", "shadows"]],
  },
  {
    what: "a function of PostgreSQL's own replaced",
    sql: "CREATE OR REPLACE FUNCTION pg_catalog.btrim(text) RETURNS text LANGUAGE internal IMMUTABLE STRICT AS 'rtrim1'",
    back: "CREATE OR REPLACE FUNCTION pg_catalog.btrim(text) RETURNS text LANGUAGE internal IMMUTABLE STRICT AS 'btrim1'",
    named: [["schema pg_catalog", "functions_sha256"]],
  },
  {
    what: "a cast that turns any text into an id",
    sql: `CREATE FUNCTION public.to_id(text) RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()';
          CREATE CAST (text AS uuid) WITH FUNCTION public.to_id(text) AS IMPLICIT`,
    back: "DROP CAST (text AS uuid); DROP FUNCTION public.to_id(text)",
    named: [["schema pg_catalog", "added"]],
  },
  {
    what: "a view of the catalog that says that nobody is a superuser",
    sql: `SET LOCAL allow_system_table_mods = on; SELECT set_config('test.kept', 'CREATE OR REPLACE VIEW pg_catalog.pg_roles AS ' || pg_get_viewdef('pg_roles'), true);
          DO $$ BEGIN EXECUTE regexp_replace(current_setting('test.kept'), '(pg_authid[.])?rolsuper', 'false AS rolsuper'); END $$`,
    back: putBack,
    named: [
      ["schema pg_catalog", "views_sha256"],
      ["superusers", "logins"],
    ],
  },
  {
    what: "a function that does what the owner may, under any name, in any schema",
    sql: `CREATE SCHEMA elsewhere; CREATE FUNCTION elsewhere.open() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.dot_config';
          ALTER FUNCTION elsewhere.open() OWNER TO directus`,
    back: "DROP SCHEMA elsewhere CASCADE",
    named: [["function elsewhere.open()", "object"]],
  },
  {
    what: "one that does what a superuser may",
    sql: "CREATE FUNCTION public.open() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.dot_config'",
    back: "DROP FUNCTION public.open()",
    named: [["function public.open()", "object"]],
  },
  {
    what: "an event trigger",
    sql: `CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
          CREATE EVENT TRIGGER on_ddl ON ddl_command_end EXECUTE FUNCTION public.on_ddl()`,
    back: "DROP EVENT TRIGGER on_ddl; DROP FUNCTION public.on_ddl()",
    named: [["event trigger on_ddl", "object"]],
  },
];
