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
  /** RFC 3339: not before `from`, before `to`. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
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

/** Newest first. Only what is asked for is in the statement, so that it is planned for that; a time leaves out whole partitions. */
export async function selectEvents(tx: Tx, filter: EventFilter, page: PageRequest): Promise<EventRow[]> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const where = (given: unknown, condition: (value: string) => string) => {
    if (given !== undefined) conditions.push(condition(`$${values.push(given)}`));
  };
  where(filter.actor, (value) => `actor = ${value}`);
  where(filter.action, (value) => `action = ${value}`);
  where(filter.resourceType, (value) => `resource_type = ${value}`);
  where(filter.resourceId, (value) => `resource_id = ${value}`);
  where(filter.from, (value) => `occurred_at >= ${value}::timestamptz`);
  where(filter.to, (value) => `occurred_at < ${value}::timestamptz`);
  where(page.after?.[0], (value) => `seq < ${value}::bigint`);
  const { rows } = await tx.query<EventRow>(
    `SELECT seq, occurred_at, actor, action, resource_type, resource_id, request_id, before, after, digests
       FROM audit_events ${conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`}
      ORDER BY seq DESC LIMIT $${values.push(page.limit + 1)}`,
    values,
  );
  return rows;
}
