import { grantedTo } from "../privileges/store.ts";

/**
 * Everybody who is a member of the owner, of any depth, and may connect to this database: `members(member, roleid)`.
 * Whoever is one may do what the owner may. $2 are the roles of the document, the owner first.
 */
export const members = `
  named AS MATERIALIZED (SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY ($2::text[])),
  members AS MATERIALIZED (
    WITH RECURSIVE m(member, roleid) AS (
      SELECT a.member, a.roleid FROM pg_auth_members a JOIN named r ON r.oid = a.roleid WHERE r.rolname = ($2::text[])[1]
      UNION
      SELECT a.member, a.roleid FROM m JOIN pg_auth_members a ON a.roleid = m.member)
    SELECT member, roleid FROM m WHERE has_database_privilege(member, current_database(), 'CONNECT'))`;

const roles = `
  SELECT 'role ' || quote_ident(r.rolname), NULL, jsonb_build_object(
           'login', r.rolcanlogin, 'superuser', r.rolsuper, 'bypass_row_security', r.rolbypassrls, 'inherit', r.rolinherit,
           'create_role', r.rolcreaterole, 'create_database', r.rolcreatedb, 'replication', r.rolreplication,
           'member_of', (SELECT coalesce(jsonb_agg(DISTINCT a.roleid::regrole::text), '[]') FROM pg_auth_members a WHERE a.member = r.oid))
    FROM pg_roles r JOIN named USING (oid)`;

/** An option that this version of PostgreSQL does not know is null. */
const memberships = `
  SELECT 'membership of ' || a.member::regrole::text || ' in ' || a.roleid::regrole::text, NULL, jsonb_build_object(
           'admin', bool_or(a.admin_option),
           'inherit', bool_or((to_jsonb(a) ->> 'inherit_option')::boolean),
           'set', bool_or((to_jsonb(a) ->> 'set_option')::boolean))
    FROM (SELECT a.* FROM pg_auth_members a JOIN members m USING (member, roleid)
          UNION ALL
          SELECT a.* FROM pg_auth_members a WHERE a.roleid = 'pg_write_all_data'::regrole) AS a
   GROUP BY a.member, a.roleid`;

/** Settings that sessions begin with: of the roles of the document and the owner's members, of everybody, and those that open a door to anybody. */
const settings = `
  SELECT 'settings of ' || CASE WHEN s.setrole = 0 THEN 'every role' ELSE 'role ' || s.setrole::regrole::text END
           || CASE WHEN s.setdatabase = 0 THEN '' ELSE ' in this database' END, NULL,
         jsonb_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1))
    FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS o
   WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
     AND (s.setrole = 0 OR s.setrole IN (SELECT oid FROM named UNION SELECT member FROM members) OR o ~ '^(app[.]|(session_replication_role|log_min_messages|log_min_error_statement|lc_messages)=)')
   GROUP BY s.setrole, s.setdatabase`;

/** What a session of ours begins with, wherever it was set, and who owns the database; and what of it all gets into the log. */
const server = `
  SELECT 'database', NULL, jsonb_build_object(
    'owner', (SELECT d.datdba::regrole::text FROM pg_database d WHERE d.datname = current_database()),
    'session_replication_role', (SELECT s.reset_val FROM pg_settings s WHERE s.name = 'session_replication_role'),
    'allow_system_table_mods', (SELECT s.reset_val FROM pg_settings s WHERE s.name = 'allow_system_table_mods'),
    'log', (SELECT jsonb_object_agg(s.name, s.reset_val) FROM pg_settings s
             WHERE s.name IN ('log_min_messages', 'log_min_error_statement', 'lc_messages', 'log_destination', 'logging_collector')))`;

const defaults = `
  SELECT format('default privileges of %s%s for %s', d.defaclrole::regrole, CASE WHEN d.defaclnamespace = 0 THEN '' ELSE ' in ' || d.defaclnamespace::regnamespace END,
                CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END), NULL,
         jsonb_build_object('privileges', ${grantedTo("d.defaclacl", "d.defaclrole")})
    FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
   WHERE d.defaclrole IN (SELECT oid FROM named UNION SELECT member FROM members) OR n.nspname IN ('public', 'cutter_governance')`;

/** Who may do anything at all here. */
const superusers = `
  SELECT 'superusers', NULL, jsonb_build_object(
           'logins', (SELECT jsonb_agg(r.rolname ORDER BY r.rolname) FROM pg_roles r WHERE r.rolsuper AND r.rolcanlogin))`;

/** Settings that somebody was given who is no superuser: of the marker, of what walks past triggers, of the log. */
const parameters = `
  SELECT 'parameter ' || p.parname, NULL, jsonb_build_object('privileges', ${grantedTo("p.paracl", "10")})
    FROM pg_parameter_acl p
   WHERE p.parname ~ '^(app[.]|session_replication_role$|allow_system_table_mods$|lc_messages$|log_)'`;

export const roleQueries = [roles, memberships, settings, server, defaults, superusers, parameters];
