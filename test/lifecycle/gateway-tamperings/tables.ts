import type { Tampering } from "./tampering.ts";

export const tables: readonly Tampering[] = [
  {
    what: "another owner of a table",
    sql: "ALTER TABLE public.unit_version OWNER TO postgres",
    back: "ALTER TABLE public.unit_version OWNER TO directus",
    named: [["relation public.unit_version", "owner"]],
  },
  {
    what: "a role may write a table",
    sql: "GRANT UPDATE ON public.information_unit TO cutter_exec",
    back: "REVOKE UPDATE ON public.information_unit FROM cutter_exec",
    named: [["relation public.information_unit", "privileges"]],
  },
  {
    what: "a role may write one column",
    sql: "GRANT UPDATE (lifecycle_status) ON public.information_unit TO cutter_exec",
    back: "REVOKE UPDATE (lifecycle_status) ON public.information_unit FROM cutter_exec",
    named: [["column public.information_unit.lifecycle_status", "privileges"]],
  },
  {
    what: "a role may write the log's sequence",
    sql: "GRANT UPDATE ON SEQUENCE public.iu_lifecycle_log_log_id_seq TO cutter_exec",
    back: "REVOKE UPDATE ON SEQUENCE public.iu_lifecycle_log_log_id_seq FROM cutter_exec",
    named: [["sequence public.iu_lifecycle_log_log_id_seq", "privileges"]],
  },
  {
    what: "review decisions may be written by a role",
    sql: "GRANT INSERT ON cutter_governance.review_decision TO cutter_exec",
    back: "REVOKE INSERT ON cutter_governance.review_decision FROM cutter_exec",
    named: [["relation cutter_governance.review_decision", "privileges"]],
  },
  {
    what: "change sets may be made by a role",
    sql: "GRANT INSERT ON cutter_governance.cut_change_set TO cutter_exec",
    back: "REVOKE INSERT ON cutter_governance.cut_change_set FROM cutter_exec",
    named: [["relation cutter_governance.cut_change_set", "privileges"]],
  },
  {
    what: "row security of the log off",
    sql: "ALTER TABLE public.iu_lifecycle_log DISABLE ROW LEVEL SECURITY",
    back: "ALTER TABLE public.iu_lifecycle_log ENABLE ROW LEVEL SECURITY",
    named: [["relation public.iu_lifecycle_log", "row_security"]],
  },
  {
    what: "row security of the log for its owner too, whom no policy names",
    sql: "ALTER TABLE public.iu_lifecycle_log FORCE ROW LEVEL SECURITY",
    back: "ALTER TABLE public.iu_lifecycle_log NO FORCE ROW LEVEL SECURITY",
    named: [["relation public.iu_lifecycle_log", "force_row_security"]],
  },
  {
    what: "a policy dropped",
    sql: "DROP POLICY iu_lifecycle_log_append ON public.iu_lifecycle_log",
    back: "CREATE POLICY iu_lifecycle_log_append ON public.iu_lifecycle_log FOR INSERT TO directus WITH CHECK (true)",
    named: [["policy public.iu_lifecycle_log.iu_lifecycle_log_append", "object"]],
  },
  {
    what: "a policy for everybody",
    sql: "ALTER POLICY iu_lifecycle_log_append ON public.iu_lifecycle_log TO PUBLIC",
    back: "ALTER POLICY iu_lifecycle_log_append ON public.iu_lifecycle_log TO directus",
    named: [["policy public.iu_lifecycle_log.iu_lifecycle_log_append", "roles"]],
  },
  {
    what: "a policy that checks nothing",
    sql: "ALTER POLICY iu_lifecycle_log_read ON public.iu_lifecycle_log USING (false)",
    back: "ALTER POLICY iu_lifecycle_log_read ON public.iu_lifecycle_log USING (true)",
    named: [["policy public.iu_lifecycle_log.iu_lifecycle_log_read", "using"]],
  },
  {
    what: "a check dropped",
    sql: "ALTER TABLE public.unit_version DROP CONSTRAINT unit_version_seq_positive",
    back: "ALTER TABLE public.unit_version ADD CONSTRAINT unit_version_seq_positive CHECK (version_seq > 0)",
    named: [["constraint public.unit_version.unit_version_seq_positive", "object"]],
  },
  {
    what: "a foreign key made anew without looking at the rows",
    sql: `ALTER TABLE public.information_unit DROP CONSTRAINT information_unit_lifecycle_status_fkey;
          ALTER TABLE public.information_unit ADD CONSTRAINT information_unit_lifecycle_status_fkey FOREIGN KEY (lifecycle_status) REFERENCES public.iu_lifecycle_vocab (code) NOT VALID`,
    back: "ALTER TABLE public.information_unit VALIDATE CONSTRAINT information_unit_lifecycle_status_fkey",
    named: [["constraint public.information_unit.information_unit_lifecycle_status_fkey", "definition"]],
  },
  {
    what: "the index that has each version enacted once dropped",
    sql: "DROP INDEX public.iu_lifecycle_log_version_once",
    named: [["index public.iu_lifecycle_log.iu_lifecycle_log_version_once", "object"]],
  },
  {
    what: "the same index, not valid",
    sql: "SET LOCAL allow_system_table_mods = on; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'public.iu_lifecycle_log_version_once'::regclass",
    back: "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'public.iu_lifecycle_log_version_once'::regclass",
    named: [["index public.iu_lifecycle_log.iu_lifecycle_log_version_once", "valid"]],
  },
  {
    what: "the default of a column",
    sql: "ALTER TABLE public.information_unit ALTER COLUMN lifecycle_status SET DEFAULT 'enacted'",
    back: "ALTER TABLE public.information_unit ALTER COLUMN lifecycle_status SET DEFAULT 'draft'",
    named: [["column public.information_unit.lifecycle_status", "default"]],
  },
  {
    what: "a column that may be NULL",
    sql: "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN actor DROP NOT NULL",
    back: "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN actor SET NOT NULL",
    named: [["column public.iu_lifecycle_log.actor", "not_null"]],
  },
  {
    what: "another type of a column",
    sql: "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN reason TYPE varchar(10)",
    back: "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN reason TYPE text",
    named: [["column public.iu_lifecycle_log.reason", "type"]],
  },
  {
    what: "a further column",
    sql: "ALTER TABLE public.unit_version ADD COLUMN note text",
    back: "ALTER TABLE public.unit_version DROP COLUMN note",
    named: [["column public.unit_version.note", "object"]],
  },
  {
    what: "log_id may be chosen",
    sql: "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN log_id SET GENERATED BY DEFAULT",
    back: "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN log_id SET GENERATED ALWAYS",
    named: [["column public.iu_lifecycle_log.log_id", "identity"]],
  },
];
