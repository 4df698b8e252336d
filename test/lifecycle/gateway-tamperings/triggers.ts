import { guard, keepTrigger, putBack, type Tampering } from "./tampering.ts";

const guardTrigger = "trigger public.information_unit.trg_aa_iu_gateway_write_guard";

export const triggers: readonly Tampering[] = [
  {
    what: "the guard's trigger disabled",
    sql: "ALTER TABLE public.information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard",
    back: "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard",
    named: [[guardTrigger, "fires"]],
  },
  {
    what: "the guard's trigger not for replication",
    sql: "ALTER TABLE public.information_unit ENABLE TRIGGER trg_aa_iu_gateway_write_guard",
    back: "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard",
    named: [[guardTrigger, "fires"]],
  },
  {
    what: "the guard's trigger for replication only",
    sql: "ALTER TABLE public.information_unit ENABLE REPLICA TRIGGER trg_aa_iu_gateway_write_guard",
    back: "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard",
    named: [[guardTrigger, "fires"]],
  },
  {
    what: "the immutability of versions dropped",
    sql: `${keepTrigger("public.unit_version", "trg_uv_enacted_immut")} DROP TRIGGER trg_uv_enacted_immut ON public.unit_version`,
    back: `${putBack} ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_uv_enacted_immut`,
    named: [["trigger public.unit_version.trg_uv_enacted_immut", "object"]],
  },
  {
    what: "the guard's trigger without TRUNCATE",
    sql: `${keepTrigger("public.information_unit", "trg_aa_iu_gateway_write_guard")}
          DROP TRIGGER trg_aa_iu_gateway_write_guard ON public.information_unit;
          CREATE TRIGGER trg_aa_iu_gateway_write_guard BEFORE INSERT OR UPDATE OR DELETE ON public.information_unit FOR EACH STATEMENT EXECUTE FUNCTION ${guard};
          ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard`,
    back: `DROP TRIGGER trg_aa_iu_gateway_write_guard ON public.information_unit; ${putBack}
           ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard`,
    named: [[guardTrigger, "definition"]],
  },
  {
    what: "a trigger that comes before the guard's, with a function of its own",
    sql: `CREATE FUNCTION public.helpful() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
          CREATE TRIGGER a_helpful_one BEFORE UPDATE ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.helpful()`,
    back: "DROP TRIGGER a_helpful_one ON public.unit_version; DROP FUNCTION public.helpful()",
    named: [["trigger public.unit_version.a_helpful_one", "object"]],
  },
  {
    what: "a foreign key no longer held",
    sql: `DO $$ DECLARE t name; BEGIN
            SELECT tgname INTO t FROM pg_trigger WHERE tgisinternal AND tgfoid = '"RI_FKey_check_ins"'::regproc
               AND tgconstraint = (SELECT oid FROM pg_constraint WHERE conname = 'unit_version_unit_fkey');
            EXECUTE format('ALTER TABLE public.unit_version DISABLE TRIGGER %I', t); END $$`,
    named: [["constraint public.unit_version.unit_version_unit_fkey", "held_by"]],
  },
  {
    what: "the row of the catalog that says that there are triggers",
    sql: "SET LOCAL allow_system_table_mods = on; UPDATE pg_class SET relhastriggers = false WHERE oid = 'public.information_unit'::regclass",
    back: "UPDATE pg_class SET relhastriggers = true WHERE oid = 'public.information_unit'::regclass",
    named: [["relation public.information_unit", "overlooked"]],
  },
];
