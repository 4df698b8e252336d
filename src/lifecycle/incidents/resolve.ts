import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { pageOf, pageRequest } from "../../kernel/paging.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { PageOf } from "../../kernel/schemas.ts";
import type { Incident, IncidentQuery } from "./schemas.ts";
import { findIncident, type IncidentRow, selectIncidents, updateResolved } from "./store.ts";

/**
 * Resolves an incident. It says that somebody has dealt with it, not that it is gone: what is still there at the next
 * look opens another. Resolving again answers the same and changes nothing.
 * @throws ServiceProblem NOT_FOUND
 */
export async function resolveIncident(tx: Tx, caller: Caller, id: string, reason: string): Promise<Incident> {
  const resolved = await updateResolved(tx, id, caller.principal, reason);
  if (resolved === undefined) {
    const row = await findIncident(tx, id);
    if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no incident ${id}.`);
    return presentIncident(row);
  }
  await appendEvent(tx, caller, {
    action: "incident.resolved",
    resourceType: "lifecycle_incident",
    resourceId: id,
    before: { status: "open" },
    after: { status: "resolved", database: resolved.database, kind: resolved.kind, subject: resolved.subject, reason },
  });
  return presentIncident(resolved);
}

/** Incidents, newest first. */
export async function listIncidents(tx: Tx, query: IncidentQuery): Promise<PageOf<Incident>> {
  const page = pageRequest(query, ["microseconds", "number"]);
  const rows = await selectIncidents(tx, query, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.incident_id], presentIncident);
}

function presentIncident(row: IncidentRow): Incident {
  const { position: _, ...shown } = row;
  return {
    ...shown,
    incident_id: Number(row.incident_id),
    opened_at: row.opened_at.toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
  };
}
