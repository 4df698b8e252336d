import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { Lease } from "./schemas.ts";
import { leaseStatus } from "./states.ts";
import { findLease, selectLeases, type TimedLeaseRow } from "./store.ts";

/** Lists leases, the latest acquired first; tokens are never shown (LEASE-1). */
export async function listLeases(tx: Tx, query: { limit?: number; cursor?: string }): Promise<PageOf<Lease>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectLeases(tx, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.lease_name], presentLease);
}

/** One lease. @throws ServiceProblem NOT_FOUND */
export async function readLease(tx: Tx, name: string): Promise<Lease> {
  const row = await findLease(tx, name);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no lease ${name}.`);
  return presentLease(row);
}

export function presentLease(row: TimedLeaseRow): Lease {
  return {
    name: row.lease_name,
    status: leaseStatus(row, row.now),
    holder: row.lease_holder,
    fencing_token: Number(row.fencing_token),
    auth_code: row.auth_code,
    acquired_at: row.acquired_at.toISOString(),
    renewed_at: row.renewed_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    released_at: row.released_at?.toISOString() ?? null,
  };
}
