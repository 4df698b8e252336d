import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { Hold } from "./schemas.ts";
import { type HoldStatus, holdStatus } from "./states.ts";
import { findHold, type HoldRow, selectHolds } from "./store.ts";

export interface HoldQuery {
  limit?: number;
  cursor?: string;
  status?: HoldStatus;
  environment?: string;
}

/** Holds, the latest placed first; those against an environment include the global ones. */
export async function listHolds(tx: Tx, query: HoldQuery): Promise<PageOf<Hold>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectHolds(tx, { status: query.status, environment: query.environment }, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.id], presentHold);
}

/** One hold. @throws ServiceProblem NOT_FOUND */
export async function readHold(tx: Tx, id: string): Promise<Hold> {
  const row = await findHold(tx, id);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no hold ${id}.`);
  return presentHold(row);
}

export function presentHold(row: HoldRow): Hold {
  return {
    id: row.id,
    environment: row.environment,
    status: holdStatus(row),
    reason: row.reason,
    placed_by: row.placed_by,
    placed_at: row.placed_at.toISOString(),
    lifted_by: row.lifted_by,
    lifted_at: row.lifted_at?.toISOString() ?? null,
    lifted_reason: row.lifted_reason,
  };
}
