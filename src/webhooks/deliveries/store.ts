import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { DeliveryStatus } from "../states.ts";

export interface DeliveryRow {
  webhook_id: string;
  event_seq: string;
  occurred_at: Date;
  action: string;
  resource_type: string;
  resource_id: string;
  lane: string;
  status: DeliveryStatus;
  attempts: number;
  replays: number;
  created_at: Date;
  next_attempt_at: Date;
  last_attempt_at: Date | null;
  ended_at: Date | null;
  answer_status: number | null;
  error: string | null;
}

const columns = `webhook_id, event_seq, occurred_at, action, resource_type, resource_id, lane, status, attempts, replays, created_at,
  next_attempt_at, last_attempt_at, ended_at, answer_status, error`;

/** The newest event first. */
export async function selectDeliveries(
  tx: Tx,
  webhook: string,
  status: DeliveryStatus | undefined,
  page: PageRequest,
): Promise<DeliveryRow[]> {
  const { rows } = await tx.query<DeliveryRow>(
    `SELECT ${columns} FROM webhook_deliveries
      WHERE webhook_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::bigint IS NULL OR event_seq < $3)
      ORDER BY event_seq DESC LIMIT $4`,
    [webhook, status ?? null, page.after?.[0] ?? null, page.limit + 1],
  );
  return rows;
}

/** @returns the delivery, and whether its event is still in the database */
export async function lockDelivery(
  tx: Tx,
  webhook: string,
  number: string,
): Promise<(DeliveryRow & { readonly has_event: boolean }) | undefined> {
  const { rows } = await tx.query<DeliveryRow & { has_event: boolean }>(
    `SELECT ${columns}, EXISTS (SELECT FROM audit_events e WHERE e.seq = d.event_seq AND e.occurred_at = d.occurred_at) AS has_event
       FROM webhook_deliveries d WHERE webhook_id = $1 AND event_seq = $2 FOR UPDATE`,
    [webhook, number],
  );
  return rows[0];
}

export async function setReplayed(tx: Tx, webhook: string, number: string): Promise<DeliveryRow> {
  const { rows } = await tx.query<DeliveryRow>(
    `UPDATE webhook_deliveries SET status = 'pending', attempts = 0, replays = replays + 1, next_attempt_at = clock_timestamp(),
            ended_at = NULL WHERE webhook_id = $1 AND event_seq = $2 RETURNING ${columns}`,
    [webhook, number],
  );
  return rows[0] as DeliveryRow;
}

export interface Wake {
  readonly lane: string;
  readonly webhook: string;
  /** When; at once if absent. */
  readonly at?: Date;
  /** Seconds from now, in place of that. */
  readonly inSeconds?: number;
}

/**
 * Puts a job for each lane into the queue, or sets when the one that waits there is run. One that runs goes on, and another is put behind it.
 * @param keep leaves a job that waits as it is
 */
export async function wake(tx: Tx, wakes: readonly Wake[], keep = false): Promise<void> {
  if (wakes.length === 0) return;
  // In one order, so that two who wake the same lanes do not wait for each other.
  const sorted = wakes.toSorted((a, b) => (a.lane < b.lane ? -1 : 1));
  await tx.query(
    `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(
       SELECT json_populate_record(NULL::graphile_worker.job_spec, json_build_object(
                'identifier', 'webhook', 'payload', json_build_object('lane', lane), 'job_key', lane, 'flags', ARRAY[webhook], 'max_attempts', 25,
                'run_at', coalesce(at, clock_timestamp() + make_interval(secs => delay))))
         FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::float8[]) AS given (lane, webhook, at, delay)), $5)`,
    [
      sorted.map(({ lane }) => lane),
      sorted.map(({ webhook }) => webhook),
      sorted.map(({ at }) => at ?? null),
      sorted.map(({ inSeconds }) => inSeconds ?? 0),
      keep,
    ],
  );
}

/** The lanes of a webhook that have something to send: for one that is enabled again. */
export async function pendingLanes(tx: Tx, webhook: string, limit: number): Promise<string[]> {
  const { rows } = await tx.query<{ lane: string }>(
    "SELECT DISTINCT lane FROM webhook_deliveries WHERE webhook_id = $1 AND status = 'pending' LIMIT $2",
    [webhook, limit],
  );
  return rows.map(({ lane }) => lane);
}

const noJobWaits = `NOT EXISTS (SELECT FROM graphile_worker.jobs j
  WHERE j.key = d.lane AND j.locked_at IS NULL AND j.attempts < j.max_attempts)`;

/** Lanes that somebody who was killed has left: in the middle of an attempt, or with the job that he had taken. */
export async function forsakenLanes(tx: Tx, limit: number): Promise<Wake[]> {
  const { rows } = await tx.query<Wake>(
    `SELECT d.lane, d.webhook_id::text AS webhook FROM webhook_deliveries d
      WHERE d.lease IS NOT NULL AND d.lease_until < clock_timestamp() AND ${noJobWaits}
     UNION
     SELECT j.key, split_part(j.key, ':', 2) FROM graphile_worker.jobs j
      WHERE j.task_identifier = 'webhook' AND j.key IS NOT NULL AND j.locked_at < clock_timestamp() - interval '3 minutes'
     LIMIT $1`,
    [limit],
  );
  return rows;
}

/** Lanes that should have been sent and that no job waits for, whatever has become of it. */
export async function unwokenLanes(tx: Tx, limit: number): Promise<Wake[]> {
  const { rows } = await tx.query<Wake>(
    `SELECT d.lane, d.webhook_id AS webhook FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
      WHERE d.status = 'pending' AND d.next_attempt_at < clock_timestamp() - interval '10 seconds'
        AND w.disabled_at IS NULL AND w.removed_at IS NULL AND (w.rests_until IS NULL OR w.rests_until < clock_timestamp())
        AND NOT EXISTS (SELECT FROM webhook_deliveries o WHERE o.lane = d.lane AND o.status = 'pending'
                                   AND (o.event_seq < d.event_seq OR o.lease_until > clock_timestamp()))
        AND ${noJobWaits}
      LIMIT $1`,
    [limit],
  );
  return rows;
}

/** Forgets some deliveries that went well that long ago, or whose webhook is gone. @returns how many */
export async function forgetDelivered(tx: Tx, keepDays: number, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM webhook_deliveries d USING (
       (SELECT webhook_id, event_seq FROM webhook_deliveries
         WHERE status = 'delivered' AND ended_at < clock_timestamp() - make_interval(days => $1) LIMIT $2)
       UNION ALL
       (SELECT webhook_id, event_seq FROM webhook_deliveries JOIN webhooks w ON w.id = webhook_id
         WHERE w.removed_at IS NOT NULL AND (lease_until IS NULL OR lease_until < clock_timestamp()) LIMIT $2)) AS old
      WHERE d.webhook_id = old.webhook_id AND d.event_seq = old.event_seq`,
    [keepDays, limit],
  );
  return rowCount;
}
