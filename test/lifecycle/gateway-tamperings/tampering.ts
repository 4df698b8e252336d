/** What a superuser can do to the gateway of a target, and what the watch must name: each opens that incident, and no other. */
export interface Tampering {
  readonly what: string;
  readonly sql: string;
  /** Puts it back; where it is absent, only PostgreSQL itself could. */
  readonly back?: string;
  /** Object and aspect of each difference. */
  readonly named: readonly (readonly [object: string, aspect: string])[];
}

export const guard = "public.fn_iu_gateway_write_guard()";
export const enact = "public.fn_iu_enact(text,text,uuid,text,uuid,text,text,boolean)";

/** Keeps a definition in the transaction, so that what was dropped or replaced can be put back to the letter. */
const keep = (query: string): string => `SELECT set_config('test.kept', (${query}), true);`;
export const keepFunction = (name: string): string => keep(`pg_get_functiondef('${name}'::regprocedure)`);
export const keepTrigger = (table: string, name: string): string =>
  keep(`SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = '${table}'::regclass AND tgname = '${name}'`);
export const putBack = "DO $$ BEGIN EXECUTE current_setting('test.kept'); END $$;";
