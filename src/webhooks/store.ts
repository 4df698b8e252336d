import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";
import type { WebhookStatus } from "./states.ts";

export interface WebhookRow {
  id: string;
  url: string;
  events: string[];
  description: string | null;
  created_at: Date;
  created_by: string;
  disabled_at: Date | null;
  disabled_by: string | null;
  secret_set_at: Date;
  /** Null where it is over by the database's clock. */
  former_until: Date | null;
  cursor_seq: string;
  rests_until: Date | null;
  pending: number;
  dead: number;
}

/** A secret as it is kept. */
export interface SealedSecret {
  readonly keyId: string;
  readonly sealed: Uint8Array;
}

const counted = 1_000;
const count = (status: "pending" | "dead"): string =>
  `(SELECT count(*)::integer FROM (SELECT FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.status = '${status}' LIMIT ${counted}) AS counted)`;

const columns = `w.id, w.url, w.events, w.description, w.created_at, w.created_by, w.disabled_at, w.disabled_by, w.secret_set_at,
  CASE WHEN w.former_until > clock_timestamp() THEN w.former_until END AS former_until, w.cursor_seq,
  CASE WHEN w.rests_until > clock_timestamp() THEN w.rests_until END AS rests_until,
  ${count("pending")} AS pending, ${count("dead")} AS dead`;

export interface WebhookInsert {
  readonly id: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description: string | null;
  readonly secret: SealedSecret;
  readonly by: string;
}

/** Registrations one after the other: they are counted. */
export async function lockRegistrations(tx: Tx): Promise<number> {
  await tx.query("SELECT pg_advisory_xact_lock(4226545)");
  const { rows } = await tx.query<{ webhooks: number }>(
    "SELECT count(*)::integer AS webhooks FROM webhooks WHERE removed_at IS NULL",
  );
  return rows[0]?.webhooks ?? 0;
}

export async function insertWebhook(tx: Tx, webhook: WebhookInsert): Promise<void> {
  await tx.query(
    `INSERT INTO webhooks (id, url, events, description, secret, secret_key_id, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      webhook.id,
      webhook.url,
      webhook.events,
      webhook.description,
      webhook.secret.sealed,
      webhook.secret.keyId,
      webhook.by,
    ],
  );
}

/** It is told of what comes after the event of its own registration, in whose transaction this is. */
export async function startAtOwnEvent(tx: Tx, id: string): Promise<void> {
  await tx.query(
    `UPDATE webhooks SET cursor_seq = (SELECT max(seq) FROM audit_events WHERE resource_type = 'webhook' AND resource_id = $1::text)
      WHERE id = $1::uuid`,
    [id],
  );
}

export async function findWebhook(tx: Tx, id: string): Promise<WebhookRow | undefined> {
  const { rows } = await tx.query<WebhookRow>(
    `SELECT ${columns} FROM webhooks w WHERE w.id = $1 AND w.removed_at IS NULL`,
    [id],
  );
  return rows[0];
}

/** @returns its status before */
export async function lockWebhook(tx: Tx, id: string): Promise<{ disabled_at: Date | null } | undefined> {
  const { rows } = await tx.query<{ disabled_at: Date | null }>(
    "SELECT disabled_at FROM webhooks WHERE id = $1 AND removed_at IS NULL FOR UPDATE",
    [id],
  );
  return rows[0];
}

export async function selectWebhooks(
  tx: Tx,
  status: WebhookStatus | undefined,
  page: PageRequest,
): Promise<(WebhookRow & { position: string })[]> {
  const { rows } = await tx.query<WebhookRow & { position: string }>(
    `SELECT ${columns}, (extract(epoch FROM w.created_at) * 1000000)::bigint::text AS position
       FROM webhooks w
      WHERE w.removed_at IS NULL AND ($1::text IS NULL OR ($1 = 'enabled') = (w.disabled_at IS NULL))
        AND ($2::bigint IS NULL OR (w.created_at, w.id::text) < (timestamptz 'epoch' + $2 * interval '1 microsecond', $3))
      ORDER BY w.created_at DESC, w.id::text DESC LIMIT $4`,
    [status ?? null, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit + 1],
  );
  return rows;
}

/** @param overlapSeconds for how long the secret before goes on signing beside it */
export async function setSecret(tx: Tx, id: string, secret: SealedSecret, overlapSeconds: number): Promise<void> {
  await tx.query(
    `UPDATE webhooks SET secret = $2, secret_key_id = $3, secret_set_at = clock_timestamp(),
            former = CASE WHEN $4 > 0 THEN secret END, former_key_id = CASE WHEN $4 > 0 THEN secret_key_id END,
            former_until = CASE WHEN $4 > 0 THEN clock_timestamp() + make_interval(secs => $4) END
      WHERE id = $1`,
    [id, secret.sealed, secret.keyId, overlapSeconds],
  );
}

/** What the webhook signs with, and until when (by the database's clock) with the former one too. */
export interface SecretRow {
  id: string;
  secret: Buffer;
  secret_key_id: string;
  secret_set_at: Date;
  former: Buffer | null;
  former_key_id: string | null;
}

export async function findSecrets(tx: Tx, id: string): Promise<SecretRow | undefined> {
  const { rows } = await tx.query<SecretRow>(
    `SELECT id, secret, secret_key_id, secret_set_at, CASE WHEN former_until > clock_timestamp() THEN former END AS former, former_key_id
       FROM webhooks WHERE id = $1 AND removed_at IS NULL`,
    [id],
  );
  return rows[0];
}

/** Locks some whose secret is under another key of the service than the one that seals now; a former one that is over is forgotten. */
export async function lockSealedOtherwise(tx: Tx, keyId: string): Promise<SecretRow[]> {
  const { rows } = await tx.query<SecretRow>(
    `SELECT id, secret, secret_key_id, secret_set_at, CASE WHEN former_until > clock_timestamp() THEN former END AS former, former_key_id
       FROM webhooks WHERE removed_at IS NULL AND (secret_key_id <> $1 OR former_key_id <> $1 OR former_until <= clock_timestamp())
      LIMIT 200 FOR UPDATE SKIP LOCKED`,
    [keyId],
  );
  return rows;
}

/** The same secrets under another key. */
export async function setSealed(
  tx: Tx,
  id: string,
  secret: SealedSecret,
  former: SealedSecret | undefined,
): Promise<void> {
  await tx.query(
    `UPDATE webhooks SET secret = $2, secret_key_id = $3, former = $4, former_key_id = $5,
            former_until = CASE WHEN $4::bytea IS NOT NULL THEN former_until END WHERE id = $1`,
    [id, secret.sealed, secret.keyId, former?.sealed ?? null, former?.keyId ?? null],
  );
}

export async function setDisabled(tx: Tx, id: string, by: string | null): Promise<void> {
  await tx.query(
    `UPDATE webhooks SET disabled_at = CASE WHEN $2::text IS NOT NULL THEN clock_timestamp() END, disabled_by = $2,
            silent = 0, rests_until = NULL WHERE id = $1`,
    [id, by],
  );
}

/** For good: its secrets are forgotten with it. */
export async function setRemoved(tx: Tx, id: string, by: string): Promise<void> {
  await tx.query(
    `UPDATE webhooks SET removed_at = clock_timestamp(), removed_by = $2, secret = NULL, secret_key_id = NULL, former = NULL,
            former_key_id = NULL, former_until = NULL WHERE id = $1`,
    [id, by],
  );
}
