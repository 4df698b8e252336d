import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { Scope } from "./schemas.ts";
import type { ScopeStatus } from "./states.ts";
import { type ScopeRow, selectScopes } from "./store.ts";

export interface ScopeQuery {
  limit?: number;
  cursor?: string;
  status?: ScopeStatus;
  carrier?: string;
  target?: string;
  environment?: string;
}

/** The registry of scopes, the latest registered first. */
export async function listScopes(tx: Tx, query: ScopeQuery): Promise<PageOf<Scope>> {
  const page = pageRequest(query, ["microseconds", "number"]);
  const { limit: _, cursor: __, ...filter } = query;
  const rows = await selectScopes(tx, filter, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.scope_id], presentScope);
}

export function presentScope(row: ScopeRow): Scope {
  return {
    scope_id: Number(row.scope_id),
    carrier: row.carrier,
    namespace: row.namespace,
    axis: row.axis,
    target: row.target,
    environment: row.environment,
    database: row.database,
    allowed_action_sets: row.allowed_action_sets,
    lease_name: row.lease_name,
    rehearsal_required: row.rehearsal_required,
    status: row.status,
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
    retired_at: row.retired_at?.toISOString() ?? null,
    retired_by: row.retired_by,
  };
}
