import { firing, privileges } from "../privileges/store.ts";

/**
 * The gateway's functions by their names, whatever the governed tables and the event triggers call, and every function
 * that does what the owner may, or anybody who may write a governed table: a way past all privileges.
 */
const functions = `
  SELECT 'function ' || p.oid::regprocedure::text, f.of, jsonb_build_object(
           'arguments', pg_get_function_arguments(p.oid),
           'result', pg_get_function_result(p.oid),
           'owner', p.proowner::regrole::text,
           'privileges', ${privileges("p.proacl", "f", "p.proowner")},
           'security_definer', p.prosecdef,
           'volatility', CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
           'strict', p.proisstrict,
           'leakproof', p.proleakproof,
           'kind', p.prokind,
           'language', (SELECT l.lanname FROM pg_language l WHERE l.oid = p.prolang),
           'configuration', (SELECT coalesce(jsonb_agg(o ORDER BY o), '[]') FROM unnest(p.proconfig) AS o),
           'support', p.prosupport::text,
           'body_sha256', encode(sha256(convert_to(p.prosrc || coalesce(p.probin, '') || coalesce(pg_get_function_sqlbody(p.oid), ''), 'UTF8')), 'hex'))
    FROM (SELECT oid, CASE WHEN bool_or(of IS NULL) THEN NULL ELSE min(of) END AS of FROM (
            SELECT p.oid, NULL AS of FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
             WHERE (n.nspname = 'public' AND p.proname ~ '^fn_(iu|uv)_') OR (n.nspname = 'cutter_governance' AND p.proname ~ '^fn_')
            UNION ALL
            SELECT t.tgfoid, 'trigger ' || c.name || '.' || quote_ident(t.tgname) FROM pg_trigger t JOIN relations c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
            UNION ALL
            SELECT e.evtfoid, 'event trigger ' || quote_ident(e.evtname) FROM pg_event_trigger e
            UNION ALL
            SELECT p.oid, NULL FROM pg_proc p
             WHERE p.prosecdef AND p.oid >= 16384
               AND (p.proowner IN (SELECT r.oid FROM named r WHERE r.rolname = ($2::text[])[1])
                    OR EXISTS (SELECT FROM relations c WHERE has_table_privilege(p.proowner, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                                                          OR has_any_column_privilege(p.proowner, c.oid, 'INSERT, UPDATE')))) AS used
           GROUP BY oid) AS f
    JOIN pg_proc p ON p.oid = f.oid WHERE p.prokind <> 'a'`;

const eventTriggers = `
  SELECT 'event trigger ' || quote_ident(e.evtname), NULL, jsonb_build_object(
           'event', e.evtevent,
           'tags', to_jsonb(e.evttags),
           'function', e.evtfoid::regprocedure::text,
           'owner', e.evtowner::regrole::text,
           'fires', ${firing("e.evtenabled")})
    FROM pg_event_trigger e`;

const languages = `
  SELECT 'language ' || quote_ident(l.lanname), NULL, jsonb_build_object(
           'owner', l.lanowner::regrole::text,
           'privileges', ${privileges("l.lanacl", "l", "l.lanowner")},
           'trusted', l.lanpltrusted,
           'handler', l.lanplcallfoid::regprocedure::text,
           'inline', l.laninline::regprocedure::text,
           'validator', l.lanvalidator::regprocedure::text)
    FROM pg_language l WHERE l.lanname IN ('plpgsql', 'sql', 'c', 'internal')`;

const extensions = `
  SELECT 'extension ' || quote_ident(e.extname), NULL,
         jsonb_build_object('version', e.extversion, 'schema', e.extnamespace::regnamespace::text, 'owner', e.extowner::regrole::text)
    FROM pg_extension e`;

/**
 * A schema of the gateway, with the functions and operators in it that bear a name of PostgreSQL's own: one with a better
 * fitting argument is taken in its place.
 */
const schemas = `
  SELECT 'schema ' || quote_ident(n.nspname), NULL, jsonb_build_object(
           'owner', n.nspowner::regrole::text,
           'privileges', ${privileges("n.nspacl", "n", "n.nspowner")},
           'shadows', (SELECT coalesce(jsonb_agg(name ORDER BY name), '[]') FROM (
                         SELECT p.oid::regprocedure::text AS name FROM pg_proc p
                          WHERE p.pronamespace = n.oid AND EXISTS (SELECT FROM pg_proc b WHERE b.pronamespace = 'pg_catalog'::regnamespace AND b.proname = p.proname)
                         UNION ALL SELECT o.oid::regoperator::text FROM pg_operator o WHERE o.oprnamespace = n.oid) AS s))
    FROM pg_namespace n WHERE n.nspname IN ('public', 'cutter_governance')`;

/**
 * PostgreSQL's own functions, operators and casts, which every body of the gateway is made of, and the views that are
 * read here. Whoever lies in all of them at once cannot be found out from within.
 */
const builtIns = `
  SELECT 'schema pg_catalog', NULL, jsonb_build_object(
    'functions_sha256', (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', p.oid, p.proname, p.proargtypes, p.prolang, p.prosecdef, p.proconfig, p.prosrc, p.probin), chr(10) ORDER BY p.oid), 'UTF8')), 'hex')
                           FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.oid < 16384),
    'added', (SELECT coalesce(jsonb_agg(name ORDER BY name), '[]') FROM (
                SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.oid >= 16384
                UNION ALL SELECT o.oid::regoperator::text FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oid >= 16384
                UNION ALL SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.oid >= 16384
                UNION ALL SELECT format('cast of %s to %s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)) FROM pg_cast c WHERE c.oid >= 16384) AS s),
    'views_sha256', (SELECT encode(sha256(convert_to(string_agg(pg_get_viewdef(c.oid), chr(10) ORDER BY c.relname), 'UTF8')), 'hex')
                       FROM pg_class c WHERE c.oid IN ('pg_roles'::regclass, 'pg_settings'::regclass)),
    'operators_sha256', (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', o.oid, o.oprname, o.oprleft, o.oprright, o.oprcode::oid), chr(10) ORDER BY o.oid), 'UTF8')), 'hex')
                           FROM pg_operator o WHERE o.oid < 16384),
    'casts_sha256', (SELECT encode(sha256(convert_to(string_agg(concat_ws(' ', c.oid, c.castsource, c.casttarget, c.castfunc, c.castcontext, c.castmethod), chr(10) ORDER BY c.oid), 'UTF8')), 'hex')
                       FROM pg_cast c WHERE c.oid < 16384))`;

export const functionQueries = [functions, eventTriggers, languages, extensions, schemas, builtIns];
