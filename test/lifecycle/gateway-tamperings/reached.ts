import type { Tampering } from "./tampering.ts";

/** What is put over, under or in the place of a governed table. */
export const reached: readonly Tampering[] = [
  {
    what: "a rule that swallows updates",
    sql: "CREATE RULE swallow AS ON UPDATE TO public.unit_version DO INSTEAD NOTHING",
    back: "DROP RULE swallow ON public.unit_version",
    named: [["rule public.unit_version.swallow", "object"]],
  },
  {
    what: "a view over a table",
    sql: "CREATE VIEW public.units AS SELECT * FROM public.information_unit",
    back: "DROP VIEW public.units",
    named: [["relation public.units", "object"]],
  },
  {
    what: "a materialized view over a view over a table, in a schema of its own",
    sql: `CREATE SCHEMA elsewhere; CREATE VIEW elsewhere.a AS SELECT id FROM public.unit_version;
          CREATE MATERIALIZED VIEW elsewhere.b AS SELECT * FROM elsewhere.a`,
    back: "DROP SCHEMA elsewhere CASCADE",
    named: [
      ["relation elsewhere.a", "object"],
      ["relation elsewhere.b", "object"],
    ],
  },
  {
    what: "a rule of another table that writes a governed one",
    sql: `CREATE TABLE public.letterbox (v text);
          CREATE RULE post AS ON INSERT TO public.letterbox DO INSTEAD UPDATE public.information_unit SET title = NEW.v`,
    back: "DROP TABLE public.letterbox",
    named: [["relation public.letterbox", "object"]],
  },
  {
    what: "a child of a table",
    sql: "CREATE TABLE public.more_config () INHERITS (public.dot_config)",
    back: "DROP TABLE public.more_config",
    named: [["relation public.more_config", "object"]],
  },
  {
    what: "a parent of a table",
    sql: "CREATE TABLE public.above (body text NOT NULL); ALTER TABLE public.unit_version INHERIT public.above",
    back: "ALTER TABLE public.unit_version NO INHERIT public.above; DROP TABLE public.above",
    named: [["relation public.unit_version", "parents"]],
  },
  {
    what: "a table whose writes are lost with a crash",
    sql: "ALTER TABLE public.iu_lifecycle_log SET UNLOGGED",
    back: "ALTER TABLE public.iu_lifecycle_log SET LOGGED",
    named: [["relation public.iu_lifecycle_log", "persistence"]],
  },
  {
    what: "a foreign key from elsewhere that deletes",
    sql: "CREATE TABLE public.follower (unit uuid CONSTRAINT follows REFERENCES public.information_unit ON DELETE CASCADE)",
    back: "DROP TABLE public.follower",
    named: [["constraint public.follower.follows", "object"]],
  },
  {
    what: "the configuration hidden behind a policy",
    sql: "ALTER TABLE public.dot_config ENABLE ROW LEVEL SECURITY",
    back: "ALTER TABLE public.dot_config DISABLE ROW LEVEL SECURITY",
    named: [
      ["relation public.dot_config", "row_security"],
      ["rows of public.dot_config", "object"],
    ],
  },
  {
    what: "a view in place of the configuration",
    sql: `ALTER TABLE public.dot_config RENAME TO dot_config_kept;
          CREATE FUNCTION public.trap() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'ran as %', current_user; END $$;
          CREATE VIEW public.dot_config AS SELECT key, public.trap() AS value, updated_at FROM public.dot_config_kept;
          ALTER VIEW public.dot_config OWNER TO directus; GRANT SELECT ON public.dot_config TO cutter_exec, cutter_verify, workflow_admin`,
    named: [
      ["column public.dot_config.key", "object"],
      ["column public.dot_config.updated_at", "object"],
      ["column public.dot_config.value", "object"],
      ["constraint public.dot_config.dot_config_pkey", "object"],
      ["relation public.dot_config", "definition"],
      ["relation public.dot_config", "kind"],
      ["rows of public.dot_config", "object"],
    ],
  },
  {
    what: "the log dropped",
    sql: "DROP TABLE public.iu_lifecycle_log",
    named: [["relation public.iu_lifecycle_log", "object"]],
  },
  {
    what: "a trigger on the register of births, which would run inside fn_iu_create",
    sql: `CREATE FUNCTION public.at_birth() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
          CREATE TRIGGER at_birth AFTER INSERT ON public.birth_registry FOR EACH ROW EXECUTE FUNCTION public.at_birth()`,
    back: "DROP TRIGGER at_birth ON public.birth_registry; DROP FUNCTION public.at_birth()",
    named: [["trigger public.birth_registry.at_birth", "object"]],
  },
  {
    what: "a primary key that no longer keeps its values apart",
    sql: "UPDATE pg_index SET indisunique = false WHERE indexrelid = 'public.iu_lifecycle_log_pkey'::regclass",
    back: "UPDATE pg_index SET indisunique = true WHERE indexrelid = 'public.iu_lifecycle_log_pkey'::regclass",
    named: [["constraint public.iu_lifecycle_log.iu_lifecycle_log_pkey", "index_valid"]],
  },
];
