import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";
import type { ScopeInput } from "./schemas.ts";
import type { ScopeStatus } from "./states.ts";

export interface ScopeRow extends ScopeInput {
  scope_id: string;
  status: ScopeStatus;
  created_at: Date;
  created_by: string;
  retired_at: Date | null;
  retired_by: string | null;
}

/** What names a scope. */
export type ScopeKey = Pick<ScopeInput, "carrier" | "namespace" | "axis" | "target" | "environment">;

const columns = `scope_id, carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name,
  rehearsal_required, status, created_at, created_by, retired_at, retired_by`;

export async function findActiveScope(tx: Tx, key: ScopeKey): Promise<ScopeRow | undefined> {
  const { rows } = await tx.query<ScopeRow>(
    `SELECT ${columns} FROM scopes
      WHERE status = 'active' AND carrier = $1 AND namespace = $2 AND axis = $3 AND target = $4 AND environment = $5`,
    [key.carrier, key.namespace, key.axis, key.target, key.environment],
  );
  return rows[0];
}

/** Undefined when an active scope of that name stands. */
export async function insertScope(tx: Tx, scope: ScopeInput, by: string): Promise<ScopeRow | undefined> {
  const { rows } = await tx.query<ScopeRow>(
    `INSERT INTO scopes (carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name,
                         rehearsal_required, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING ${columns}`,
    [
      scope.carrier,
      scope.namespace,
      scope.axis,
      scope.target,
      scope.environment,
      scope.database,
      JSON.stringify(scope.allowed_action_sets),
      scope.lease_name,
      scope.rehearsal_required,
      by,
    ],
  );
  return rows[0];
}

export async function lockScope(tx: Tx, id: number): Promise<ScopeRow | undefined> {
  const { rows } = await tx.query<ScopeRow>(`SELECT ${columns} FROM scopes WHERE scope_id = $1 FOR UPDATE`, [id]);
  return rows[0];
}

export async function setRetired(tx: Tx, id: number, by: string): Promise<ScopeRow> {
  const { rows } = await tx.query<ScopeRow>(
    `UPDATE scopes SET status = 'retired', retired_at = clock_timestamp(), retired_by = $2
      WHERE scope_id = $1 RETURNING ${columns}`,
    [id, by],
  );
  return rows[0] as ScopeRow;
}

export async function activeScopes(tx: Tx): Promise<ScopeRow[]> {
  const { rows } = await tx.query<ScopeRow>(`SELECT ${columns} FROM scopes WHERE status = 'active' ORDER BY scope_id`);
  return rows;
}

export interface ScopeFilter {
  readonly status?: ScopeStatus | undefined;
  readonly carrier?: string | undefined;
  readonly target?: string | undefined;
  readonly environment?: string | undefined;
}

export async function selectScopes(
  tx: Tx,
  filter: ScopeFilter,
  page: PageRequest,
): Promise<(ScopeRow & { position: string })[]> {
  const { rows } = await tx.query<ScopeRow & { position: string }>(
    `SELECT ${columns}, (extract(epoch FROM created_at) * 1000000)::bigint::text AS position
       FROM scopes
      WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR carrier = $2)
        AND ($3::text IS NULL OR target = $3) AND ($4::text IS NULL OR environment = $4)
        AND ($5::bigint IS NULL OR (created_at, scope_id) < (timestamptz 'epoch' + $5 * interval '1 microsecond', $6::bigint))
      ORDER BY created_at DESC, scope_id DESC LIMIT $7`,
    [
      filter.status ?? null,
      filter.carrier ?? null,
      filter.target ?? null,
      filter.environment ?? null,
      page.after?.[0] ?? null,
      page.after?.[1] ?? null,
      page.limit + 1,
    ],
  );
  return rows;
}
