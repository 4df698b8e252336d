import type { Tx } from "../../../../database/index.ts";

/** A function that does what its owner may, who may write some governed table. */
export interface Door {
  readonly name: string;
  readonly signature: string;
  readonly owner: string;
  /** Who but its owner may execute it. */
  readonly execute: readonly string[];
}

/** All of them in the database but PostgreSQL's own, whatever they are called and whatever schema they are in. */
export async function selectDoors(tx: Tx, tables: readonly string[]): Promise<Door[]> {
  const { rows } = await tx.query<Door>(
    `WITH governed AS MATERIALIZED (
       SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname || '.' || c.relname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
     SELECT n.nspname || '.' || p.proname AS name, p.oid::regprocedure::text AS signature, pg_get_userbyid(p.proowner) AS owner,
            ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END
                    FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee <> p.proowner ORDER BY 1) AS execute
       FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
      WHERE p.prosecdef AND p.oid >= 16384
        AND EXISTS (SELECT FROM governed AS g
                     WHERE has_table_privilege(p.proowner, g.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                        OR has_any_column_privilege(p.proowner, g.oid, 'INSERT, UPDATE'))
      ORDER BY p.oid::regprocedure::text COLLATE "C"`,
    [tables],
  );
  return rows;
}
