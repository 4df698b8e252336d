/**
 * SQL for who may do what, as an object from role to sorted privileges. An access list that is not set says what
 * PostgreSQL takes it for, and the owner is called so: a change of owner alone does not change it.
 * @param kind as `acldefault` has it: r for relations, f for functions, n for schemas, l for languages, s for sequences
 */
export function privileges(acl: string, kind: "r" | "f" | "n" | "l" | "s", owner: string): string {
  return grantedTo(`coalesce(${acl}, acldefault('${kind}', ${owner}))`, owner);
}

/** The same for a list that stands as it is, such as that of a column. */
export function grantedTo(acl: string, owner: string): string {
  return `(
    SELECT coalesce(jsonb_object_agg(g.who, g.what), '{}')
      FROM (SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN ${owner} THEN 'owner' ELSE a.grantee::regrole::text END
                   || CASE WHEN a.grantor = ${owner} THEN '' ELSE ' by ' || a.grantor::regrole::text END AS who,
                   jsonb_agg(a.privilege_type || CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END ORDER BY a.privilege_type) AS what
              FROM aclexplode(${acl}) AS a GROUP BY a.grantee, a.grantor) AS g)`;
}

/** SQL for when a trigger or rule fires, in words. */
export function firing(enabled: string): string {
  return `CASE ${enabled} WHEN 'O' THEN 'origin' WHEN 'A' THEN 'always' WHEN 'R' THEN 'replica' WHEN 'D' THEN 'disabled' END`;
}
