import type { Tx } from "../../database/index.ts";

export interface WebhookTrouble {
  id: string;
  url: string;
  dead: number;
  /** For how long the oldest delivery that waits has waited since its event was relayed. Seconds. */
  waiting: number;
  resting: boolean;
}

/** Deliveries are counted up to this. */
export const counted = 1_000;

/** The webhooks that are sent to, where something is not as it should be. */
export async function troubledWebhooks(tx: Tx, patienceSeconds: number): Promise<WebhookTrouble[]> {
  const { rows } = await tx.query<WebhookTrouble>(
    `SELECT * FROM (
       SELECT w.id, w.url, coalesce(w.rests_until > clock_timestamp(), false) AS resting,
              (SELECT count(*)::integer FROM (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.status = 'dead' LIMIT $2) AS c) AS dead,
              coalesce((SELECT extract(epoch FROM clock_timestamp() - d.created_at) FROM webhook_deliveries d
                         WHERE d.webhook_id = w.id AND d.status = 'pending' ORDER BY d.event_seq LIMIT 1), 0)::float8 AS waiting
         FROM webhooks w WHERE w.removed_at IS NULL AND w.disabled_at IS NULL) AS w
      WHERE dead > 0 OR waiting > $1 ORDER BY id`,
    [patienceSeconds, counted],
  );
  return rows;
}

/** Counted up to ten thousand each. */
export interface WebhookStanding {
  webhook_pending: number;
  webhook_dead: number;
}

export async function webhookStanding(tx: Tx): Promise<WebhookStanding> {
  const { rows } = await tx.query<WebhookStanding>(
    `SELECT (SELECT count(*)::integer FROM (SELECT FROM webhook_deliveries WHERE status = 'pending' LIMIT 10000) AS c) AS webhook_pending,
            (SELECT count(*)::integer FROM (SELECT FROM webhook_deliveries WHERE status = 'dead' LIMIT 10000) AS c) AS webhook_dead`,
  );
  return rows[0] ?? { webhook_pending: 0, webhook_dead: 0 };
}
