import { firing, grantedTo, privileges } from "../privileges/store.ts";

/**
 * The governed tables ($1), their partitions and other children, the views over any of them, and the tables whose rules
 * reach them: `relations(oid, name)`, for all queries of the catalog.
 */
export const relations = `
  reached(oid) AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname || '.' || c.relname = ANY ($1::text[])
    UNION
    SELECT next.oid FROM reached r CROSS JOIN LATERAL (
      SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.oid
      UNION ALL
      SELECT w.ev_class FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
       WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND w.ev_class <> r.oid) AS next(oid)),
  relations AS MATERIALIZED (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name, 'relation ' || format('%I.%I', n.nspname, c.relname) AS object
      FROM reached JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace)`;

/** A flag of the catalog that says "none" makes PostgreSQL pass over triggers, rules or indexes that are there. */
const overlooked = `
  array_remove(ARRAY[
    CASE WHEN NOT c.relhastriggers AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid) THEN 'triggers' END,
    CASE WHEN NOT c.relhasrules AND EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = c.oid) THEN 'rules' END,
    CASE WHEN NOT c.relhasindex AND EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid) THEN 'indexes' END,
    CASE WHEN c.relchecks <> (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') THEN 'checks' END], NULL)`;

const tables = `
  SELECT c.object, NULL, jsonb_build_object(
           'kind', CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE c.relkind::text END,
           'owner', c.relowner::regrole::text,
           'privileges', ${privileges("c.relacl", "r", "c.relowner")},
           'persistence', CASE c.relpersistence WHEN 'p' THEN 'logged' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END,
           'row_security', c.relrowsecurity,
           'force_row_security', c.relforcerowsecurity,
           'options', (SELECT coalesce(jsonb_agg(o ORDER BY o), '[]') FROM unnest(c.reloptions) AS o),
           'parents', (SELECT coalesce(jsonb_agg(i.inhparent::regclass::text ORDER BY i.inhseqno), '[]') FROM pg_inherits i WHERE i.inhrelid = c.oid),
           'partition', pg_get_expr(c.relpartbound, c.oid),
           'replicated_into', EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid),
           'overlooked', to_jsonb(${overlooked}),
           'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
    FROM relations c`;

const columns = `
  SELECT 'column ' || c.name || '.' || quote_ident(a.attname), c.object, jsonb_build_object(
           'type', format_type(a.atttypid, a.atttypmod),
           'not_null', CASE WHEN NOT a.attnotnull THEN 'no'
                            WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated) THEN 'not valid'
                            ELSE 'yes' END,
           'default', (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adrelid = c.oid AND d.adnum = a.attnum),
           'identity', a.attidentity,
           'generated', a.attgenerated,
           'collation', CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation::text END,
           'privileges', ${grantedTo("a.attacl", "c.relowner")})
    FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')`;

/** With the triggers that PostgreSQL itself keeps to hold them, and the index under them. */
const constraints = `
  SELECT 'constraint ' || k.conrelid::regclass::text || '.' || quote_ident(k.conname), coalesce(c.object, f.object), jsonb_build_object(
           'definition', pg_get_constraintdef(k.oid),
           'index_valid', (SELECT i.indisvalid AND i.indisready AND i.indislive AND (i.indisunique OR k.contype = 'x') FROM pg_index i WHERE i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')),
           'held_by', (SELECT coalesce(jsonb_object_agg(p.proname || ' on ' || t.tgrelid::regclass::text, ${firing("t.tgenabled")}), '{}')
                         FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgconstraint = k.oid AND t.tgisinternal))
    FROM pg_constraint k LEFT JOIN relations c ON c.oid = k.conrelid LEFT JOIN relations f ON f.oid = k.confrelid
   WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND (c.oid IS NOT NULL OR f.oid IS NOT NULL)`;

const indexes = `
  SELECT 'index ' || c.name || '.' || quote_ident(x.relname), c.object, jsonb_build_object(
           'definition', pg_get_indexdef(i.indexrelid),
           'valid', i.indisvalid AND i.indisready AND i.indislive)
    FROM relations c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x'))`;

const triggers = `
  SELECT 'trigger ' || c.name || '.' || quote_ident(t.tgname), c.object, jsonb_build_object(
           'definition', pg_get_triggerdef(t.oid),
           'fires', ${firing("t.tgenabled")})
    FROM relations c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal`;

const rules = `
  SELECT 'rule ' || c.name || '.' || quote_ident(w.rulename), c.object, jsonb_build_object(
           'definition', pg_get_ruledef(w.oid),
           'fires', ${firing("w.ev_enabled")})
    FROM relations c JOIN pg_rewrite w ON w.ev_class = c.oid WHERE w.rulename <> '_RETURN'`;

const policies = `
  SELECT 'policy ' || c.name || '.' || quote_ident(p.polname), c.object, jsonb_build_object(
           'permissive', p.polpermissive,
           'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
           'roles', (SELECT jsonb_agg(who ORDER BY who) FROM (SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END FROM unnest(p.polroles) AS r) AS named(who)),
           'using', pg_get_expr(p.polqual, p.polrelid),
           'check', pg_get_expr(p.polwithcheck, p.polrelid))
    FROM relations c JOIN pg_policy p ON p.polrelid = c.oid`;

/** Sequences behind identity columns. */
const sequences = `
  SELECT 'sequence ' || q.oid::regclass::text, c.object, jsonb_build_object(
           'owner', q.relowner::regrole::text,
           'privileges', ${privileges("q.relacl", "s", "q.relowner")},
           'counts', format('%s from %s by %s up to %s, start %s, cycle %s, cache %s', format_type(s.seqtypid, NULL), s.seqmin, s.seqincrement, s.seqmax, s.seqstart, s.seqcycle, s.seqcache))
    FROM relations c
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = q.oid`;

export const relationQueries = [tables, columns, constraints, indexes, triggers, rules, policies, sequences];
