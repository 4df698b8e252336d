import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { AuditEvent } from "./schemas.ts";
import { type EventFilter, type EventRow, selectEvents } from "./store.ts";

/** Lists audit events, newest first. @throws ServiceProblem INVALID_REQUEST for a foreign cursor */
export async function listEvents(
  tx: Tx,
  filter: EventFilter,
  query: { limit?: number; cursor?: string },
): Promise<PageOf<AuditEvent>> {
  const page = pageRequest(query, ["number"]);
  const rows = await selectEvents(tx, filter, page);
  return pageOf(rows, page.limit, (row) => [row.seq], present);
}

function present(row: EventRow): AuditEvent {
  return { ...row, seq: Number(row.seq), occurred_at: row.occurred_at.toISOString() };
}
