import type { Tx } from "../../database/index.ts";

/** How far events are final, and whether there is anything to do at all: one statement, that changes nothing. */
export interface RelayState {
  /** Whether a webhook is sent to; none is by a restored database that awaits its recovery: a copy tells nobody anything. */
  enabled: boolean;
  /** Whether a number was drawn that is not known to be final, or a webhook has not been told of all that are. */
  behind: boolean;
}

export async function relayState(tx: Tx): Promise<RelayState> {
  const { rows } = await tx.query<RelayState>(
    `SELECT coalesce(min(w.cursor_seq) IS NOT NULL, false) AS enabled,
            coalesce(bool_or(r.final_seq < (SELECT last_value FROM audit_events_seq) OR w.cursor_seq < r.final_seq), false) AS behind
       FROM webhooks w, webhook_relay r WHERE w.removed_at IS NULL AND w.disabled_at IS NULL AND NOT awaits_recovery()`,
    [],
    { prepare: true },
  );
  return rows[0] ?? { enabled: false, behind: false };
}

export interface HorizonRow {
  final_seq: string;
  horizon_seq: string;
  horizon_xid: string;
}

/** Undefined while another process has it, and while a restored database awaits its recovery. */
export async function lockHorizon(tx: Tx): Promise<HorizonRow | undefined> {
  const { rows } = await tx.query<HorizonRow>(
    "SELECT final_seq, horizon_seq, horizon_xid FROM webhook_relay WHERE NOT awaits_recovery() FOR UPDATE SKIP LOCKED",
  );
  return rows[0];
}

export async function setFinal(tx: Tx, seq: string): Promise<void> {
  await tx.query("UPDATE webhook_relay SET final_seq = $1", [seq]);
}

/** Behind the numbers drawn so far, with the id of this transaction. */
export async function setHorizon(tx: Tx, seq: string): Promise<void> {
  await tx.query("UPDATE webhook_relay SET horizon_seq = $1, horizon_xid = pg_current_xact_id()", [seq]);
}

export interface BehindRow {
  id: string;
  cursor_seq: string;
  final_seq: string;
}

/** A webhook that has not been told of all that is final and that no other process works on; the one that is behind most. */
export async function lockBehind(tx: Tx, except: readonly string[]): Promise<BehindRow | undefined> {
  const { rows } = await tx.query<BehindRow>(
    `SELECT w.id, w.cursor_seq, (SELECT final_seq FROM webhook_relay) AS final_seq FROM webhooks w
      WHERE w.removed_at IS NULL AND w.disabled_at IS NULL AND w.cursor_seq < (SELECT final_seq FROM webhook_relay) AND w.id <> ALL ($1::uuid[])
      ORDER BY w.cursor_seq LIMIT 1 FOR NO KEY UPDATE OF w SKIP LOCKED`,
    [except],
  );
  return rows[0];
}

/**
 * Makes deliveries of what the webhook is told of among the next events, and moves its cursor past them, in one statement.
 * @returns the lanes that have something new, each once, and whether there may be more
 */
export async function relayNext(
  tx: Tx,
  { id, cursor_seq, final_seq }: BehindRow,
  limit: number,
): Promise<{ readonly lanes: readonly string[]; readonly more: boolean }> {
  const { rows } = await tx.query<{ lanes: string[]; more: boolean }>(
    `WITH next AS MATERIALIZED (
       SELECT seq, occurred_at, action, resource_type, resource_id FROM audit_events
        WHERE seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4
     ), made AS (
       INSERT INTO webhook_deliveries (webhook_id, event_seq, occurred_at, action, resource_type, resource_id, lane)
       SELECT w.id, n.seq, n.occurred_at, n.action, n.resource_type, n.resource_id,
              'webhook:' || w.id || ':' || encode(sha256(convert_to(n.resource_type || '/' || n.resource_id, 'UTF8')), 'hex')
         FROM next n, webhooks w
        WHERE w.id = $1 AND w.events && ARRAY['*', n.action, split_part(n.action, '.', 1) || '.*']
        ORDER BY n.seq
       ON CONFLICT (webhook_id, event_seq) DO NOTHING
       RETURNING lane
     ), moved AS (
       UPDATE webhooks SET cursor_seq = CASE WHEN (SELECT count(*) FROM next) < $4 THEN $3 ELSE (SELECT max(seq) FROM next) END WHERE id = $1
     )
     SELECT coalesce((SELECT array_agg(DISTINCT lane) FROM made), '{}') AS lanes, (SELECT count(*) FROM next) >= $4 AS more`,
    [id, cursor_seq, final_seq, limit],
  );
  return rows[0] ?? { lanes: [], more: false };
}
