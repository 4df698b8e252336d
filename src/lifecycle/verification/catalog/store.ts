import type { Tx } from "../../../database/index.ts";

export interface AclEntry {
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
  /** Null where it is for the whole object. */
  readonly column: string | null;
}

export interface FunctionRow {
  readonly name: string;
  readonly signature: string;
  readonly arguments: string;
  readonly owner: string;
  readonly definer: boolean;
  readonly settings: readonly string[];
  readonly language: string;
  readonly body_md5: string;
  /** As the catalog of the gateway has it, which a baseline accepts. */
  readonly body_sha256: string;
  readonly acl: readonly AclEntry[];
}

export interface RelationRow {
  readonly name: string;
  readonly owner: string;
  readonly kind: string;
  readonly row_security: boolean;
  readonly row_security_forced: boolean;
  readonly columns: readonly string[];
  readonly indexes: readonly string[];
  readonly constraints: readonly string[];
  readonly rules: readonly string[];
  readonly acl: readonly AclEntry[];
}

export interface TriggerRow {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  readonly enabled: string;
}

export interface RoleRow {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  readonly bypassrls: boolean;
  readonly createrole: boolean;
  readonly replication: boolean;
}

const aclColumns = `CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS grantee,
  a.privilege_type AS privilege, a.is_grantable AS grantable`;

/** Names are written in full then, whatever the login's own search path is. */
export async function pinSearchPath(tx: Tx): Promise<void> {
  await tx.query("SELECT set_config('search_path', 'pg_catalog, pg_temp', true)");
}

/** The qualified names of the functions that a role has in these schemas. */
export async function selectNamesOwnedBy(tx: Tx, role: string, schemas: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ name: string }>(
    `SELECT DISTINCT n.nspname || '.' || p.proname AS name FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
      WHERE n.nspname = ANY ($2) AND pg_get_userbyid(p.proowner) = $1 ORDER BY 1`,
    [role, schemas],
  );
  return rows.map(({ name }) => name);
}

/** Every function of these qualified names, overloads too. The catalog alone is asked: a missing privilege changes nothing. */
export async function selectFunctions(tx: Tx, names: readonly string[]): Promise<FunctionRow[]> {
  const { rows } = await tx.query<FunctionRow>(
    `SELECT n.nspname || '.' || p.proname AS name,
            n.nspname || '.' || p.proname || '(' || coalesce((SELECT string_agg(format_type(t.type, NULL), ',' ORDER BY t.n)
              FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS t (type, n)), '') || ')' AS signature,
            pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_userbyid(p.proowner) AS owner, p.prosecdef AS definer,
            coalesce((SELECT json_agg(s.setting ORDER BY s.setting) FROM unnest(p.proconfig) AS s (setting)), '[]') AS settings,
            l.lanname AS language, md5(p.prosrc) AS body_md5,
            encode(sha256(convert_to(p.prosrc || coalesce(p.probin, '') || coalesce(pg_get_function_sqlbody(p.oid), ''), 'UTF8')), 'hex') AS body_sha256,
            coalesce((SELECT json_agg(e ORDER BY e.grantee, e.privilege)
                        FROM (SELECT ${aclColumns}, NULL AS column FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a) AS e),
                     '[]') AS acl
       FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
      WHERE n.nspname || '.' || p.proname = ANY ($1)
      ORDER BY n.nspname, p.proname, p.proargtypes::oid[]`,
    [names],
  );
  return rows;
}

export async function selectRelations(tx: Tx, names: readonly string[]): Promise<RelationRow[]> {
  const { rows } = await tx.query<RelationRow>(
    `SELECT n.nspname || '.' || c.relname AS name, pg_get_userbyid(c.relowner) AS owner, c.relkind AS kind,
            c.relrowsecurity AS row_security, c.relforcerowsecurity AS row_security_forced,
            coalesce((SELECT json_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
                                      || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END ORDER BY a.attnum)
                        FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
            coalesce((SELECT json_agg(pg_get_indexdef(i.indexrelid) ORDER BY i.indexrelid::regclass::text COLLATE "C")
                        FROM pg_index AS i WHERE i.indrelid = c.oid), '[]') AS indexes,
            coalesce((SELECT json_agg(k.conname || ' ' || pg_get_constraintdef(k.oid) ORDER BY k.conname::text COLLATE "C")
                        FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')), '[]') AS constraints,
            coalesce((SELECT json_agg(pg_get_ruledef(w.oid) ORDER BY w.rulename::text COLLATE "C")
                        FROM pg_rewrite AS w WHERE w.ev_class = c.oid AND w.rulename <> '_RETURN'), '[]') AS rules,
            coalesce((SELECT json_agg(e ORDER BY e.grantee, e.privilege, e.column)
                        FROM (SELECT ${aclColumns}, NULL::text AS column
                                FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS a
                              UNION ALL
                              SELECT ${aclColumns}, t.attname
                                FROM pg_attribute AS t CROSS JOIN LATERAL aclexplode(t.attacl) AS a
                               WHERE t.attrelid = c.oid AND NOT t.attisdropped) AS e), '[]') AS acl
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname || '.' || c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      ORDER BY n.nspname, c.relname`,
    [names],
  );
  return rows;
}

/** The triggers that somebody has made, and of those that come with foreign keys the ones that are not enabled. */
export async function selectTriggers(tx: Tx, tables: readonly string[]): Promise<TriggerRow[]> {
  const { rows } = await tx.query<TriggerRow>(
    `SELECT n.nspname || '.' || c.relname AS table,
            CASE WHEN t.tgisinternal THEN 'of constraint ' || coalesce(k.conname, '?') ELSE t.tgname END AS name,
            CASE WHEN t.tgisinternal THEN '' ELSE pg_get_triggerdef(t.oid) END AS definition, t.tgenabled AS enabled
       FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
       LEFT JOIN pg_constraint AS k ON k.oid = t.tgconstraint
      WHERE n.nspname || '.' || c.relname = ANY ($1) AND (NOT t.tgisinternal OR t.tgenabled = 'D')
      ORDER BY n.nspname, c.relname, t.tgisinternal, t.tgname`,
    [tables],
  );
  return rows;
}

export async function selectRoles(tx: Tx, names: readonly string[]): Promise<RoleRow[]> {
  const { rows } = await tx.query<RoleRow>(
    `SELECT rolname AS name, rolcanlogin AS login, rolsuper AS superuser, rolbypassrls AS bypassrls,
            rolcreaterole AS createrole, rolreplication AS replication
       FROM pg_roles WHERE rolname = ANY ($1) ORDER BY rolname COLLATE "C"`,
    [names],
  );
  return rows;
}

/** Who may act as the role in this very database: its members that can connect to it, superusers aside. */
export async function selectMembers(tx: Tx, role: string): Promise<{ login: string; members: string[] }> {
  const { rows } = await tx.query<{ login: string; members: string[] }>(
    `SELECT session_user::text AS login,
            ARRAY(SELECT m.rolname::text FROM pg_roles AS m JOIN pg_roles AS r ON r.rolname = $1
                   WHERE m.oid <> r.oid AND NOT m.rolsuper AND pg_has_role(m.oid, r.oid, 'MEMBER')
                     AND has_database_privilege(m.oid, (SELECT oid FROM pg_database WHERE datname = current_database()), 'CONNECT')
                   ORDER BY m.rolname COLLATE "C") AS members`,
    [role],
  );
  return rows[0] ?? { login: "", members: [] };
}

/** Who but the owner and `role` may make objects in each of these schemas. */
export async function selectSchemaMakers(
  tx: Tx,
  schemas: readonly string[],
  role: string,
): Promise<{ name: string; makers: string[] }[]> {
  const { rows } = await tx.query<{ name: string; makers: string[] }>(
    `SELECT n.nspname AS name,
            ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END
                    FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
                   WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND (a.grantee = 0 OR pg_get_userbyid(a.grantee) <> $2)
                   ORDER BY 1) AS makers
       FROM pg_namespace AS n WHERE n.nspname = ANY ($1) ORDER BY n.nspname COLLATE "C"`,
    [schemas, role],
  );
  return rows;
}

export interface Holding {
  readonly object: string;
  readonly role: string;
  readonly privilege: string;
  readonly held: boolean;
}

const asked = `SELECT g.name, coalesce(r.oid, 0::oid) AS oid FROM unnest($2::text[]) AS g (name)
  LEFT JOIN pg_roles AS r ON r.rolname = g.name WHERE r.oid IS NOT NULL OR g.name = 'public'`;

/** What each role can really do, by grant, by membership or as owner; nothing for objects and roles that are missing. */
export async function selectTableHoldings(
  tx: Tx,
  tables: readonly string[],
  roles: readonly string[],
  privileges: readonly string[],
): Promise<Holding[]> {
  const { rows } = await tx.query<Holding>(
    `WITH asked AS (${asked})
     SELECT n.nspname || '.' || c.relname AS object, g.name AS role, p.privilege, has_table_privilege(g.oid, c.oid, p.privilege) AS held
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN asked AS g CROSS JOIN unnest($3::text[]) AS p (privilege)
      WHERE n.nspname || '.' || c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    [tables, roles, privileges],
  );
  return rows;
}

/** The same for functions, by name: with several of one name, whoever can execute any of them is said to. */
export async function selectFunctionHoldings(
  tx: Tx,
  names: readonly string[],
  roles: readonly string[],
): Promise<Holding[]> {
  const { rows } = await tx.query<Holding>(
    `WITH asked AS (${asked})
     SELECT n.nspname || '.' || p.proname AS object, g.name AS role, 'EXECUTE' AS privilege,
            bool_or(has_function_privilege(g.oid, p.oid, 'EXECUTE')) AS held
       FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace CROSS JOIN asked AS g
      WHERE n.nspname || '.' || p.proname = ANY ($1) GROUP BY 1, 2`,
    [names, roles],
  );
  return rows;
}

export interface ConstraintRow {
  readonly table: string;
  readonly definition: string;
  readonly validated: boolean;
}

/** Foreign keys to the vocabulary. */
export async function selectForeignKeysTo(tx: Tx, table: string): Promise<ConstraintRow[]> {
  const { rows } = await tx.query<ConstraintRow>(
    `SELECT n.nspname || '.' || c.relname AS table, pg_get_constraintdef(k.oid) AS definition, k.convalidated AS validated
       FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
       JOIN pg_class AS f ON f.oid = k.confrelid JOIN pg_namespace AS fn ON fn.oid = f.relnamespace
      WHERE k.contype = 'f' AND fn.nspname || '.' || f.relname = $1
      ORDER BY n.nspname, c.relname, k.conname`,
    [table],
  );
  return rows;
}

export interface PolicyRow {
  readonly name: string;
  readonly command: string;
  readonly permissive: string;
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

export async function selectPolicies(tx: Tx, table: string): Promise<PolicyRow[]> {
  const { rows } = await tx.query<PolicyRow>(
    `SELECT policyname AS name, cmd AS command, permissive, ARRAY(SELECT unnest(roles)::text ORDER BY 1) AS roles,
            qual AS using, with_check AS check
       FROM pg_policies WHERE schemaname || '.' || tablename = $1 ORDER BY cmd, policyname COLLATE "C"`,
    [table],
  );
  return rows;
}
