import { sqlState, type Tx } from "../../database/index.ts";

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
}

const ours =
  "n.nspname !~ '^pg_(catalog|toast|temp_)' AND n.nspname <> 'information_schema' OR n.oid = pg_my_temp_schema()";
const owner = (column: string): string => `pg_get_userbyid(${column})`;
const acl = (column: string, kind: string, of: string): string =>
  `(SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(coalesce(${column}, acldefault('${kind}', ${of}))) AS a)`;

const columnsOf = `(
  SELECT jsonb_agg(jsonb_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid),
    'identity', a.attidentity, 'generated', a.attgenerated, 'collation', a.attcollation::regcollation, 'storage', a.attstorage,
    'compression', a.attcompression, 'statistics', a.attstattarget, 'options', a.attoptions, 'acl', a.attacl::text,
    'comment', col_description(a.attrelid, a.attnum)) ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`;

const relations = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object(
    'owner', ${owner("c.relowner")}, 'acl', ${acl("c.relacl", "r", "c.relowner")}, 'options', c.reloptions, 'persistence', c.relpersistence,
    'row_security', ARRAY[c.relrowsecurity, c.relforcerowsecurity], 'replica_identity', c.relreplident,
    'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace), 'columns', ${columnsOf},
    'partition_key', pg_get_partkeydef(c.oid), 'partition_bound', pg_get_expr(c.relpartbound, c.oid),
    'parents', (SELECT jsonb_agg(h.inhparent::regclass ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = c.oid),
    'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
    'disabled_checks', (SELECT jsonb_agg(t.tgname || ' ' || t.tgenabled::text ORDER BY 1) FROM pg_trigger t
                         WHERE t.tgrelid = c.oid AND t.tgisinternal AND t.tgenabled <> 'O'),
    'comment', obj_description(c.oid, 'pg_class'))::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_identify_object('pg_class'::regclass, c.oid, 0) AS i
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND (${ours})`;

const sequences = `
  SELECT i.type, i.identity, n.nspname, (SELECT d.refobjid::regclass::text FROM pg_depend d
           WHERE (d.classid, d.objid) = ('pg_class'::regclass, c.oid) AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1),
    true, jsonb_build_object('owner', ${owner("c.relowner")}, 'acl', ${acl("c.relacl", "s", "c.relowner")}, 'persistence', c.relpersistence,
    'type', format_type(s.seqtypid, NULL), 'start', s.seqstart, 'increment', s.seqincrement, 'max', s.seqmax, 'min', s.seqmin,
    'cache', s.seqcache, 'cycle', s.seqcycle, 'comment', obj_description(c.oid, 'pg_class'))::text
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_class'::regclass, c.oid, 0) AS i WHERE ${ours}`;

const indexes = `
  SELECT i.type, i.identity, n.nspname, x.indrelid::regclass::text, EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.conrelid = x.indrelid),
    jsonb_build_object('definition', pg_get_indexdef(c.oid), 'owner', ${owner("c.relowner")}, 'options', c.reloptions,
    'valid', x.indisvalid, 'ready', x.indisready, 'live', x.indislive, 'replica_identity', x.indisreplident, 'clustered', x.indisclustered,
    'immediate', x.indimmediate, 'tablespace', (SELECT spcname FROM pg_tablespace s WHERE s.oid = c.reltablespace),
    'comment', obj_description(c.oid, 'pg_class'))::text
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_class'::regclass, c.oid, 0) AS i WHERE ${ours}`;

const constraints = `
  SELECT i.type, i.identity, n.nspname, CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text END, true,
    jsonb_build_object('definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated, 'enforced', to_jsonb(k) -> 'conenforced',
    'deferrable', k.condeferrable, 'deferred', k.condeferred, 'inherited', k.coninhcount, 'comment', obj_description(k.oid, 'pg_constraint'))::text
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace, pg_identify_object('pg_constraint'::regclass, k.oid, 0) AS i
   WHERE ${ours}`;

// The definition alone would not show an owner, a privilege or a comment; md5(prosrc) is what the documents pin (PLAN-10).
const functions = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object(
    'definition', CASE WHEN p.prokind = 'a' THEN to_jsonb(g) - 'aggfnoid' ELSE to_jsonb(pg_get_functiondef(p.oid)) END,
    'md5_prosrc', md5(p.prosrc), 'owner', ${owner("p.proowner")}, 'acl', ${acl("p.proacl", "f", "p.proowner")},
    'comment', obj_description(p.oid, 'pg_proc'))::text
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid,
         pg_identify_object('pg_proc'::regclass, p.oid, 0) AS i WHERE ${ours}`;

// pg_get_triggerdef says nothing of a trigger that is disabled.
const triggers = `
  SELECT i.type, i.identity, n.nspname, t.tgrelid::regclass::text, false, jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled, 'comment', obj_description(t.oid, 'pg_trigger'))::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_trigger'::regclass, t.oid, 0) AS i WHERE NOT t.tgisinternal AND (${ours})`;

const rules = `
  SELECT i.type, i.identity, n.nspname, r.ev_class::regclass::text, false,
    jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled)::text
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_rewrite'::regclass, r.oid, 0) AS i WHERE r.rulename <> '_RETURN' AND (${ours})`;

const policies = `
  SELECT i.type, i.identity, n.nspname, p.polrelid::regclass::text, false, jsonb_build_object('command', p.polcmd, 'permissive', p.polpermissive,
    'roles', (SELECT jsonb_agg(coalesce(pg_get_userbyid(nullif(r, 0)), 'public') ORDER BY 1) FROM unnest(p.polroles) AS r),
    'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))::text
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         pg_identify_object('pg_policy'::regclass, p.oid, 0) AS i WHERE ${ours}`;

// The types of rows and of arrays come and go with what they are types of.
const types = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object('kind', t.typtype, 'owner', ${owner("t.typowner")},
    'acl', ${acl("t.typacl", "T", "t.typowner")}, 'base', CASE WHEN t.typbasetype <> 0 THEN format_type(t.typbasetype, t.typtypmod) END,
    'not_null', t.typnotnull, 'default', t.typdefault, 'collation', t.typcollation::regcollation,
    'labels', (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
    'range', (SELECT format_type(r.rngsubtype, NULL) FROM pg_range r WHERE r.rngtypid = t.oid), 'comment', obj_description(t.oid, 'pg_type'))::text
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace, pg_identify_object('pg_type'::regclass, t.oid, 0) AS i
   WHERE t.typrelid = 0 AND t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typsubscript = 'array_subscript_handler'::regproc) AND (${ours})`;

const schemas = `
  SELECT i.type, i.identity, n.nspname, NULL, false, jsonb_build_object('owner', ${owner("n.nspowner")},
    'acl', ${acl("n.nspacl", "n", "n.nspowner")}, 'comment', obj_description(n.oid, 'pg_namespace'))::text
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
const rest = others.map(
  (catalog) => `
  SELECT i.type, i.identity, i.schema, NULL, false, md5((to_jsonb(c) - 'oid')::text)
    FROM ${catalog} c, pg_identify_object('${catalog}'::regclass, c.oid, 0) AS i WHERE c.oid >= 16384`,
);

const everything = [
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
const columns = "type, identity, schema, of, implied, definition";

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

/** The settings of the role and the database again, for what the plan itself asks and does. */
async function readAsTheRole(target: Tx): Promise<void> {
  await target.query(
    `SET LOCAL search_path TO DEFAULT; SET LOCAL DateStyle TO DEFAULT; SET LOCAL IntervalStyle TO DEFAULT; SET LOCAL TimeZone TO DEFAULT;
     SET LOCAL extra_float_digits TO DEFAULT; SET LOCAL bytea_output TO DEFAULT`,
  );
}

/** One spelling for every value, whatever the role's own settings are. */
async function readPlainly(target: Tx): Promise<void> {
  await target.query(
    `SET LOCAL search_path TO pg_catalog; SET LOCAL DateStyle TO 'ISO, YMD'; SET LOCAL IntervalStyle TO iso_8601; SET LOCAL TimeZone TO 'UTC';
     SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO hex`,
  );
}

export interface RowsRow {
  count: string;
  digest: string;
}

/** How many rows a table has, and a digest of what they say; undefined where there is no such table. */
export async function readRows(target: Tx, table: string): Promise<RowsRow | undefined> {
  const { rows: known } = await target.query(
    "SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')",
    [table],
  );
  if (known.length === 0) return undefined;
  await readPlainly(target);
  const { rows } = await target.query<RowsRow>(
    `SELECT count(*) AS count, encode(sha256(convert_to(coalesce(string_agg(digest, '' ORDER BY digest COLLATE "C"), ''), 'UTF8')), 'hex') AS digest
       FROM (SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS digest FROM ${quoted(table)} AS t) AS digests`,
  );
  await readAsTheRole(target);
  return rows[0];
}

/** A table's name, `schema.name`, as SQL has it. */
export function quoted(table: string): string {
  return table
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}

export interface CountRow {
  table: string;
  inserted: string;
  updated: string;
  deleted: string;
  /** The file that it lies in: another one where it was rewritten or truncated. */
  file: string | null;
}

/** What this transaction has written to each table so far, PostgreSQL's own included (PLAN-5). */
export async function readCounts(target: Tx): Promise<CountRow[]> {
  const { rows } = await target.query<CountRow>(
    `SELECT n.nspname || '.' || c.relname AS table, pg_stat_get_xact_tuples_inserted(c.oid) AS inserted, pg_stat_get_xact_tuples_updated(c.oid) AS updated,
            pg_stat_get_xact_tuples_deleted(c.oid) AS deleted, pg_relation_filenode(c.oid)::text AS file
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname <> 'pg_toast'`,
  );
  return rows;
}

/** From here on, `currval` answers only for sequences that this session has moved. */
export async function forgetSequences(target: Tx): Promise<void> {
  await target.query("DISCARD SEQUENCES");
}

/** Whether this session itself has moved the sequence: others move it as they like. */
export async function hasMoved(target: Tx, sequence: string): Promise<boolean> {
  try {
    await target.savepoint(() => target.query("SELECT currval($1::regclass)", [quoted(sequence)]));
    return true;
  } catch (error) {
    if (sqlState(error) === "55000") return false;
    throw error;
  }
}

/** How many rows each of the tables has that are there. */
export async function countRows(target: Tx, tables: readonly string[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const table of tables) {
    const { rows: known } = await target.query("SELECT FROM pg_class WHERE oid = to_regclass($1)", [quoted(table)]);
    if (known.length === 0) continue;
    const { rows } = await target.query<{ count: string }>(`SELECT count(*) AS count FROM ${quoted(table)}`);
    counts.set(table, Number(rows[0]?.count ?? 0));
  }
  return counts;
}

/** Where each sequence stands: it moves in spite of a ROLLBACK, so it is reported and compared with nothing (PLAN-10). */
export async function readSequences(
  target: Tx,
): Promise<{ sequence: string; of: string | null; value: string | null }[]> {
  const { rows } = await target.query<{ sequence: string; of: string | null; value: string | null }>(
    `SELECT n.nspname || '.' || c.relname AS sequence, pg_sequence_last_value(c.oid)::text AS value,
            (SELECT m.nspname || '.' || r.relname FROM pg_depend d JOIN pg_class r ON r.oid = d.refobjid JOIN pg_namespace m ON m.oid = r.relnamespace
              WHERE (d.classid, d.objid) = ('pg_class'::regclass, c.oid) AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS of
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'S' AND (has_sequence_privilege(c.oid, 'SELECT') OR has_sequence_privilege(c.oid, 'USAGE'))`,
  );
  return rows;
}
