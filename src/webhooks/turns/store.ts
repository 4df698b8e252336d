import type { Tx } from "../../database/index.ts";
import type { MessageEvent } from "../message.ts";
import type { DeliveryStatus } from "../states.ts";
import type { SecretRow } from "../store.ts";

/** The first delivery that waits in a lane, locked, with what its webhook signs with. */
export interface HeadRow extends Omit<SecretRow, "id" | "secret_set_at"> {
  webhook_id: string;
  event_seq: string;
  lane: string;
  url: string;
  /** Whether its webhook is sent to; not by a restored database that awaits its recovery. */
  sendable: boolean;
  /** Whether somebody sends in this lane, and whether somebody did who has had longer than an attempt takes. */
  taken: boolean;
  stale: boolean;
  /** How many attempts in a row its webhook has not answered at all. */
  silent: number;
  wait_until: Date | null;
}

export async function headOfLane(tx: Tx, lane: string): Promise<HeadRow | undefined> {
  const { rows } = await tx.query<HeadRow>(
    `SELECT d.webhook_id, d.event_seq, d.lane, w.url, w.silent, w.secret, w.secret_key_id, w.former_key_id,
            CASE WHEN w.former_until > clock_timestamp() THEN w.former END AS former,
            EXISTS (SELECT FROM webhook_deliveries o WHERE o.lane = $1 AND o.lease IS NOT NULL) AS stale,
            w.disabled_at IS NULL AND w.removed_at IS NULL AND NOT awaits_recovery() AS sendable,
            EXISTS (SELECT FROM webhook_deliveries o WHERE o.lane = $1 AND o.status = 'pending' AND o.lease_until > clock_timestamp()) AS taken,
            CASE WHEN w.rests_until > greatest(d.next_attempt_at, clock_timestamp()) THEN w.rests_until + random() * interval '5 seconds'
                 WHEN d.next_attempt_at > clock_timestamp() THEN d.next_attempt_at END AS wait_until
       FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
      WHERE d.lane = $1 AND d.status = 'pending' ORDER BY d.event_seq LIMIT 1 FOR UPDATE OF d`,
    [lane],
    { prepare: true },
  );
  return rows[0];
}

/** Whoever sent in this lane has had longer than an attempt takes. */
export async function clearStaleLease(tx: Tx, lane: string): Promise<void> {
  await tx.query(
    `UPDATE webhook_deliveries SET lease = NULL, lease_until = NULL
      WHERE lane = $1 AND status = 'pending' AND lease_until <= clock_timestamp()`,
    [lane],
  );
}

export interface Begun {
  readonly lease: string;
  /** The database's clock. */
  readonly at: Date;
  /** Null where it is no longer in the database. */
  readonly event: MessageEvent | null;
}

/** @returns undefined where somebody else was faster */
export async function beginAttempt(tx: Tx, head: HeadRow, leaseMs: number): Promise<Begun | undefined> {
  const { rows } = await tx.query<MessageEvent & { lease: string; at: Date }>(
    `WITH begun AS (
       UPDATE webhook_deliveries SET lease = gen_random_uuid(), lease_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000),
              attempts = attempts + 1, last_attempt_at = clock_timestamp()
        WHERE webhook_id = $1 AND event_seq = $2 AND status = 'pending' AND lease IS NULL
       RETURNING event_seq, occurred_at, lease, last_attempt_at
     )
     SELECT b.lease, b.last_attempt_at AS at, e.seq::float8 AS seq, e.occurred_at, e.actor, e.action, e.resource_type, e.resource_id, e.request_id,
            e.after, e.digests
       FROM begun b LEFT JOIN audit_events e ON e.seq = b.event_seq AND e.occurred_at = b.occurred_at`,
    [head.webhook_id, head.event_seq, leaseMs],
    { prepare: true },
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const { lease, at, ...event } = row;
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- an outer join
  return { lease, at, event: event.action === null ? null : event };
}

export interface Outcome {
  readonly delivered: boolean;
  /** Whether there is no further attempt, whatever number this one had. */
  readonly last: boolean;
  readonly status: number | null;
  readonly error: string | null;
}

export interface Retries {
  readonly attempts: number;
  /** Seconds after the first attempt; twice as long after each further one. */
  readonly firstSeconds: number;
}

const longestSeconds = 14_400;

/** @returns how the delivery stands now; undefined where it was taken away meanwhile, and this outcome counts for nothing */
export async function endAttempt(
  tx: Tx,
  { webhook_id, event_seq }: HeadRow,
  lease: string,
  outcome: Outcome,
  retries: Retries,
): Promise<{ status: DeliveryStatus; next_attempt_at: Date } | undefined> {
  const { rows } = await tx.query<{ status: DeliveryStatus; next_attempt_at: Date }>(
    `UPDATE webhook_deliveries d
        SET status = ended.status, ended_at = CASE WHEN ended.status <> 'pending' THEN clock_timestamp() END,
            next_attempt_at = CASE WHEN ended.status <> 'pending' THEN next_attempt_at
              ELSE clock_timestamp() + make_interval(secs => least($8::float8, $7 * 2.0 ^ least(attempts - 1, 30)) * (0.75 + random() / 2)) END,
            answer_status = $5, error = $6, lease = NULL, lease_until = NULL
       FROM (SELECT webhook_id, event_seq,
                    CASE WHEN $4 THEN 'delivered' WHEN $9 OR attempts >= $10 THEN 'dead' ELSE 'pending' END AS status
               FROM webhook_deliveries WHERE webhook_id = $1 AND event_seq = $2) AS ended
      WHERE d.webhook_id = ended.webhook_id AND d.event_seq = ended.event_seq AND d.lease = $3
      RETURNING d.status, d.next_attempt_at`,
    [
      webhook_id,
      event_seq,
      lease,
      outcome.delivered,
      outcome.status,
      outcome.error,
      retries.firstSeconds,
      longestSeconds,
      outcome.last,
      retries.attempts,
    ],
    { prepare: true },
  );
  return rows[0];
}

/** An attempt that was broken off by ourselves counts for none. */
export async function putBack(tx: Tx, { webhook_id, event_seq }: HeadRow, lease: string): Promise<void> {
  await tx.query(
    `UPDATE webhook_deliveries SET attempts = attempts - 1, lease = NULL, lease_until = NULL
      WHERE webhook_id = $1 AND event_seq = $2 AND lease = $3`,
    [webhook_id, event_seq, lease],
  );
}

const patience = 3;
const longestRestSeconds = 60;

/** No answer at all: after some in a row the webhook rests, so that what hangs does not keep those who send. */
export async function noteSilence(tx: Tx, webhook: string): Promise<void> {
  await tx.query(
    `UPDATE webhooks SET silent = silent + 1,
            rests_until = CASE WHEN silent + 1 >= $2 THEN clock_timestamp() + make_interval(secs => least($3::float8, 2.0 ^ least(silent + 2 - $2, 10))) END
      WHERE id = $1 AND removed_at IS NULL AND (rests_until IS NULL OR rests_until <= clock_timestamp())`,
    [webhook, patience, longestRestSeconds],
  );
}

export async function noteAnswer(tx: Tx, webhook: string): Promise<void> {
  await tx.query(
    "UPDATE webhooks SET silent = 0, rests_until = NULL WHERE id = $1 AND silent > 0 AND removed_at IS NULL",
    [webhook],
  );
}
