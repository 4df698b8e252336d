import { createHash } from "node:crypto";
import type { Tx } from "../database/index.ts";

/** Whose key it is: the same key of another principal, method or path is another key. */
export interface KeyScope {
  readonly principal: string;
  readonly method: string;
  /** Path with its query, as it was sent. */
  readonly path: string;
  readonly key: string;
}

/** An answer as it went over the wire, so that a replay is the same bytes. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly contentType: string;
}

interface Row {
  readonly request_digest: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly content_type: string;
}

/**
 * Takes the key for this transaction only, so that a crash leaves nothing behind.
 * @returns false while another transaction has it
 */
export async function tryLock(tx: Tx, scope: KeyScope): Promise<boolean> {
  const { rows } = await tx.query<{ acquired: boolean }>("SELECT pg_try_advisory_xact_lock($1) AS acquired", [
    lockNumber(scope),
  ]);
  return rows[0]?.acquired === true;
}

/** A statement of its own after the lock: only its snapshot is sure to see what the last holder committed. */
export async function find(
  tx: Tx,
  scope: KeyScope,
): Promise<{ requestDigest: string; answer: StoredAnswer } | undefined> {
  const { rows } = await tx.query<Row>(
    `SELECT request_digest, status, headers, body, content_type
       FROM idempotency_keys
      WHERE principal = $1 AND method = $2 AND path = $3 AND key = $4`,
    [scope.principal, scope.method, scope.path, scope.key],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { status, headers, body, content_type: contentType } = row;
  return { requestDigest: row.request_digest, answer: { status, headers, body, contentType } };
}

export async function insert(tx: Tx, scope: KeyScope, requestDigest: string, answer: StoredAnswer): Promise<void> {
  await tx.query(
    `INSERT INTO idempotency_keys (principal, method, path, key, request_digest, status, headers, body, content_type)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      scope.principal,
      scope.method,
      scope.path,
      scope.key,
      requestDigest,
      answer.status,
      JSON.stringify(answer.headers),
      answer.body,
      answer.contentType,
    ],
  );
}

/** Deletes answers that are kept for long enough. @returns how many; fewer where another sweep was there first */
export async function deleteOld(tx: Tx, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    `DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM idempotency_keys WHERE created_at < clock_timestamp() - interval '30 days' - interval '1 minute'
        LIMIT $1))`,
    [limit],
  );
  return rowCount;
}

/** 64 bits of a digest: two scopes that share a number merely wait for each other, since the row decides. */
function lockNumber(scope: KeyScope): string {
  const text = JSON.stringify(["idempotency", scope.principal, scope.method, scope.path, scope.key]);
  return createHash("sha256").update(text).digest().readBigInt64BE(0).toString();
}
