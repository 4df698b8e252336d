import type { Target } from "../../support/runs.ts";

/** Of the schemas of the plan: all that defines something, who may what with it, and every row. By kind and name. */
const catalog = `
  WITH own AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'cutter_governance')),
       relations AS (SELECT c.*, n.nspname || '.' || c.relname AS name FROM pg_class c JOIN own n ON n.oid = c.relnamespace
                      WHERE c.relname !~ '^countersign_')
  SELECT 'schema ' || nspname AS name, jsonb_build_array(nspowner::regrole, nspacl::text)::text AS state
    FROM pg_namespace WHERE oid IN (SELECT oid FROM own)
  UNION ALL
  SELECT 'function ' || p.oid::regprocedure,
         jsonb_build_array(pg_get_functiondef(p.oid), md5(p.prosrc), p.prosecdef, p.proconfig, p.proowner::regrole, p.proacl::text)::text
    FROM pg_proc p JOIN own n ON n.oid = p.pronamespace WHERE p.proname !~ '^countersign_'
  UNION ALL
  SELECT 'relation ' || r.name,
         jsonb_build_array(r.relkind, r.relowner::regrole, r.relacl::text, r.relrowsecurity, r.relforcerowsecurity, r.reloptions,
           (SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                                               a.attacl::text, pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
              FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped),
           (SELECT jsonb_agg(jsonb_build_array(k.conname, pg_get_constraintdef(k.oid), k.convalidated) ORDER BY k.conname)
              FROM pg_constraint k WHERE k.conrelid = r.oid),
           (SELECT jsonb_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid::regclass::text) FROM pg_index i WHERE i.indrelid = r.oid),
           (SELECT jsonb_agg(pg_get_ruledef(w.oid) ORDER BY w.rulename) FROM pg_rewrite w WHERE w.ev_class = r.oid),
           (SELECT jsonb_agg(to_jsonb(y) - 'oid' ORDER BY y.polname) FROM pg_policy y WHERE y.polrelid = r.oid))::text
    FROM relations r
  UNION ALL
  SELECT 'trigger ' || t.tgname || ' on ' || r.name, jsonb_build_array(pg_get_triggerdef(t.oid), t.tgenabled)::text
    FROM pg_trigger t JOIN relations r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal`;

/** When a key of the roll-out was put in is no part of it: it is put in twice. */
const row = (table: string) =>
  table === "public.dot_config"
    ? String.raw`CASE WHEN t.key LIKE 'iu\_enact.%' THEN (to_jsonb(t) - 'updated_at')::text ELSE t::text END`
    : "t::text";

/** Told apart from the service's own way to tell it. */
export async function governedState({ query }: Pick<Target, "query">): Promise<Record<string, string>> {
  const objects = await query<{ name: string; state: string }>(catalog);
  const tables = objects.flatMap(({ name, state }) =>
    name.startsWith("relation ") && state.startsWith('["r"') ? [name.slice("relation ".length)] : [],
  );
  const digests = tables.map(
    (table) => `SELECT 'rows ' || '${table}' AS name,
                       count(*) || ' ' || md5(coalesce(string_agg(md5(${row(table)}), '' ORDER BY md5(${row(table)})), '')) AS state
                  FROM ${table} AS t`,
  );
  const rows = await query<{ name: string; state: string }>(digests.join(" UNION ALL "));
  return Object.fromEntries(
    [...objects, ...rows].map(({ name, state }) => [name, state] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The rows alone: table by table, how many and which. */
export async function governedRows(target: Pick<Target, "query">): Promise<Record<string, string>> {
  const state = Object.entries(await governedState(target));
  return Object.fromEntries(state.filter(([name]) => name.startsWith("rows ")));
}
