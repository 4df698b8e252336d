import type { Tx } from "../../../database/index.ts";
import { readAsTheRole, readPlainly } from "../settings/store.ts";

/** One object of the target's catalog, by the type and identity of pg_identify_object. */
export interface ObjectRow {
  type: string;
  identity: string;
  schema: string | null;
  /** The table that it belongs to. */
  of: string | null;
  /** Whether whoever allows that table allows this as well. */
  implied: boolean;
  definition: string;
  /** Tells the object from one of the same definition that was made in its place; of use within one transaction only. */
  version: string | null;
}

/** What is not PostgreSQL's own: also what somebody has put among that. */
const ours = (oid: string): string =>
  `(n.nspname !~ '^pg_(toast|temp_)' AND (n.nspname NOT IN ('pg_catalog', 'information_schema') OR ${oid} >= 16384) OR n.oid = pg_my_temp_schema())`;
/** A row of a catalog as it lies there: another one after it was made again, or changed and changed back. */
const row = (alias: string): string => `concat_ws(' ', ${alias}.oid, ${alias}.xmin, ${alias}.ctid)`;
const owner = (column: string): string => `pg_get_userbyid(${column})`;
const acl = (column: string, kind: string, of: string): string =>
  `(SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(${column}, acldefault('${kind}', ${of}))) AS a)`;

/** As obj_description and col_description answer; those are SQL functions that PostgreSQL cannot inline, one query a call. */
const comment = (catalog: string, oid: string, column = "0"): string =>
  `(SELECT e.description FROM pg_description e WHERE e.objoid = ${oid} AND e.classoid = '${catalog}'::regclass AND e.objsubid = ${column})`;

const columnsOf = `(
  SELECT jsonb_agg(one) FROM (
    SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null, pg_get_expr(d.adbin, d.adrelid) AS "default",
           a.attidentity AS identity, a.attgenerated AS generated, a.attcollation::regcollation AS collation, a.attstorage AS storage,
           a.attcompression AS compression, a.attstattarget AS statistics, a.attoptions AS options, a.attacl::text AS acl,
           ${comment("pg_class", "a.attrelid", "a.attnum")} AS comment
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS one)`;

const relations = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object(
    'owner', ${owner("c.relowner")}, 'acl', ${acl("c.relacl", "r", "c.relowner")}, 'options', c.reloptions, 'persistence', c.relpersistence,
    'row_security', ARRAY[c.relrowsecurity, c.relforcerowsecurity], 'replica_identity', c.relreplident,
    'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace), 'columns', ${columnsOf},
    'partition_key', pg_get_partkeydef(c.oid), 'partition_bound', pg_get_expr(c.relpartbound, c.oid),
    'parents', (SELECT jsonb_agg(h.inhparent::regclass ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = c.oid),
    'children', (SELECT jsonb_agg(h.inhrelid::regclass::text ORDER BY h.inhrelid::regclass::text) FROM pg_inherits h WHERE h.inhparent = c.oid),
    'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
    'disabled_checks', (SELECT jsonb_agg(t.tgname || ' ' || t.tgenabled::text ORDER BY 1) FROM pg_trigger t
                         WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgenabled <> 'O'),
    'comment', ${comment("pg_class", "c.oid")})::text,
    concat_ws(' ', c.oid, (SELECT string_agg(a.attnum::text, ',' ORDER BY a.attnum) FROM pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
              (SELECT ${row("r")} FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename = '_RETURN'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_identify_object('pg_class'::regclass, c.oid, 0) AS i
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND ${ours("c.oid")}`;

const sequences = `
  SELECT i.type, i.identity, n.nspname, (SELECT d.refobjid::regclass::text FROM pg_depend d
           WHERE (d.classid, d.objid) = ('pg_class'::regclass, c.oid) AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1),
    true, jsonb_build_object('owner', ${owner("c.relowner")}, 'acl', ${acl("c.relacl", "s", "c.relowner")}, 'persistence', c.relpersistence,
    'type', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement, 'max', s.seqmax, 'min', s.seqmin,
    'cache', s.seqcache, 'cycle', s.seqcycle, 'comment', ${comment("pg_class", "c.oid")},
    'owned_by', (SELECT d.refobjid::regclass || ' ' || d.refobjsubid FROM pg_depend d
           WHERE (d.classid, d.objid) = ('pg_class'::regclass, c.oid) AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1))::text,
    concat_ws(' ', c.oid, pg_relation_filenode(c.oid))
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_class'::regclass, c.oid, 0) AS i WHERE ${ours("c.oid")}`;

const indexes = `
  SELECT i.type, i.identity, n.nspname, x.indrelid::regclass::text, EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.conrelid = x.indrelid),
    jsonb_build_object('definition', pg_get_indexdef(c.oid), 'owner', ${owner("c.relowner")}, 'options', c.reloptions,
    'valid', x.indisvalid, 'ready', x.indisready, 'live', x.indislive, 'replica_identity', x.indisreplident, 'clustered', x.indisclustered,
    'immediate', x.indimmediate, 'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
    'comment', ${comment("pg_class", "c.oid")})::text, c.oid::text
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_class'::regclass, c.oid, 0) AS i WHERE ${ours("c.oid")}`;

const constraints = `
  SELECT i.type, i.identity, n.nspname, CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text END, true,
    jsonb_build_object('definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated, 'enforced', (SELECT conenforced FROM (SELECT k.*) AS own),
    'deferrable', k.condeferrable, 'deferred', k.condeferred, 'inherited', k.coninhcount, 'comment', ${comment("pg_constraint", "k.oid")})::text,
    ${row("k")}
    FROM (VALUES (NULL::boolean)) AS older (conenforced), pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace, pg_identify_object('pg_constraint'::regclass, k.oid, 0) AS i
   WHERE ${ours("k.oid")}`;

// The definition alone would not show an owner, a privilege or a comment; md5(prosrc) is what the documents pin (PLAN-10).
const functions = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object(
    'definition', CASE WHEN p.prokind = 'a' THEN to_jsonb(g) - 'aggfnoid' ELSE to_jsonb(pg_get_functiondef(p.oid)) END,
    'md5_prosrc', md5(p.prosrc), 'owner', ${owner("p.proowner")}, 'acl', ${acl("p.proacl", "f", "p.proowner")},
    'comment', ${comment("pg_proc", "p.oid")})::text, ${row("p")}
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid,
         pg_identify_object('pg_proc'::regclass, p.oid, 0) AS i WHERE ${ours("p.oid")}`;

// pg_get_triggerdef says nothing of a trigger that is disabled.
const triggers = `
  SELECT i.type, i.identity, n.nspname, t.tgrelid::regclass::text, false, jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled, 'comment', ${comment("pg_trigger", "t.oid")})::text, ${row("t")}
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_trigger'::regclass, t.oid, 0) AS i WHERE NOT t.tgisinternal AND ${ours("t.oid")}`;

const rules = `
  SELECT i.type, i.identity, n.nspname, r.ev_class::regclass::text, false,
    jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled, 'comment', ${comment("pg_rewrite", "r.oid")})::text, ${row("r")}
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_rewrite'::regclass, r.oid, 0) AS i WHERE r.rulename <> '_RETURN' AND ${ours("r.oid")}`;

const policies = `
  SELECT i.type, i.identity, n.nspname, p.polrelid::regclass::text, false, jsonb_build_object('command', p.polcmd, 'permissive', p.polpermissive,
    'roles', (SELECT jsonb_agg(coalesce(pg_get_userbyid(nullif(r, 0)), 'public') ORDER BY 1) FROM unnest(p.polroles) AS r),
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
    'comment', ${comment("pg_policy", "p.oid")})::text, ${row("p")}
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_policy'::regclass, p.oid, 0) AS i WHERE ${ours("p.oid")}`;

// The types of rows and of arrays come and go with what they are types of.
const types = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object('kind', t.typtype, 'owner', ${owner("t.typowner")},
    'acl', ${acl("t.typacl", "T", "t.typowner")}, 'base', CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) END,
    'not_null', t.typnotnull, 'default', t.typdefault, 'collation', t.typcollation::regcollation,
    'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
    'range', (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid), 'comment', ${comment("pg_type", "t.oid")})::text,
    t.oid::text
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace, pg_identify_object('pg_type'::regclass, t.oid, 0) AS i
   WHERE t.typrelid = 0 AND t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typsubscript = 'array_subscript_handler'::regproc) AND ${ours("t.oid")}`;

const schemas = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object('owner', ${owner("n.nspowner")},
    'acl', ${acl("n.nspacl", "n", "n.nspowner")}, 'comment', ${comment("pg_namespace", "n.oid")})::text, n.oid::text
    FROM pg_namespace n, pg_identify_object('pg_namespace'::regclass, n.oid, 0) AS i WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** Catalogs of which no more is known than whether a row of them is another one. */
const others = [
  "pg_statistic_ext",
  "pg_extension",
  "pg_event_trigger",
  "pg_default_acl",
  "pg_cast",
  "pg_collation",
  "pg_conversion",
  "pg_operator",
  "pg_opclass",
  "pg_opfamily",
  "pg_language",
  "pg_publication",
  "pg_foreign_data_wrapper",
  "pg_foreign_server",
  "pg_ts_config",
  "pg_ts_dict",
  "pg_ts_parser",
  "pg_ts_template",
  "pg_transform",
  "pg_am",
] as const;
/** Of these also what comes with PostgreSQL: privileges on it can be given away. */
const builtIn = new Set<string>(["pg_language", "pg_extension", "pg_foreign_data_wrapper"]);
const rest = others.map(
  (catalog) => `
  SELECT i.type, i.identity, i.schema, NULL, false, md5((to_jsonb(c) - 'oid')::text || coalesce(${comment(catalog, "c.oid")}, '')), ${row("c")}
    FROM ${catalog} c, pg_identify_object('${catalog}'::regclass, c.oid, 0) AS i WHERE c.oid >= 16384 ${builtIn.has(catalog) ? "OR true" : ""}`,
);

const builtInPrivileges = `
  SELECT 'built-in function privileges', p.oid::regprocedure::text, NULL, NULL, false, p.proacl::text, NULL
    FROM pg_proc p WHERE p.oid < 16384 AND p.proacl IS NOT NULL
  UNION ALL SELECT 'built-in relation privileges', c.oid::regclass::text, NULL, NULL, false, c.relacl::text, NULL
    FROM pg_class c WHERE c.oid < 16384 AND c.relacl IS NOT NULL AND c.relkind <> 't'`;

const everything = [
  builtInPrivileges,
  relations,
  sequences,
  indexes,
  constraints,
  functions,
  triggers,
  rules,
  policies,
  types,
  schemas,
  ...rest,
].join(" UNION ALL ");
const columns = "type, identity, schema, of, implied, definition, version";

/**
 * Every object of the database that is not PostgreSQL's own, or those of some schemas. Names are written in full whatever
 * the search path of the step is, which is put back.
 */
export async function readObjects(target: Tx, within?: readonly string[]): Promise<ObjectRow[]> {
  await readPlainly(target);
  const { rows } = await target.query<ObjectRow>(
    `SELECT ${columns} FROM (${everything}) AS o (${columns}) WHERE $1::text[] IS NULL OR schema = ANY ($1) ORDER BY type COLLATE "C", identity COLLATE "C"`,
    [within ?? null],
  );
  await readAsTheRole(target);
  return rows;
}
