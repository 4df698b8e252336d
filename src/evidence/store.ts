import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";

export interface EventInsert {
  readonly actor: string;
  readonly requestId: string;
  readonly action: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly digests: Readonly<Record<string, string>>;
}

export interface EventRow {
  seq: string;
  occurred_at: Date;
  actor: string;
  action: string;
  resource_type: string;
  resource_id: string;
  request_id: string;
  before: unknown;
  after: unknown;
  digests: Record<string, string>;
}

export interface EventFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
}

/** Events of one transaction, in the order given. */
export async function insertEvents(tx: Tx, events: readonly EventInsert[]): Promise<void> {
  await tx.query(
    `INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after, digests)
     SELECT event ->> 'actor', event ->> 'requestId', event ->> 'action', event ->> 'resourceType', event ->> 'resourceId',
            event -> 'before', event -> 'after', event -> 'digests'
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (event, position) ORDER BY position`,
    [JSON.stringify(events)],
    { prepare: true },
  );
}

export async function selectEvents(tx: Tx, filter: EventFilter, page: PageRequest): Promise<EventRow[]> {
  const { rows } = await tx.query<EventRow>(
    `SELECT seq, occurred_at, actor, action, resource_type, resource_id, request_id, before, after, digests
       FROM audit_events
      WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR action = $2)
        AND ($3::text IS NULL OR resource_type = $3) AND ($4::text IS NULL OR resource_id = $4)
        AND ($5::bigint IS NULL OR seq < $5)
      ORDER BY seq DESC LIMIT $6`,
    [
      filter.actor ?? null,
      filter.action ?? null,
      filter.resourceType ?? null,
      filter.resourceId ?? null,
      page.after?.[0] ?? null,
      page.limit + 1,
    ],
  );
  return rows;
}
