import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";
import type { Algorithm } from "./schemas.ts";
import type { KeyStatus } from "./states.ts";
import type { Assertion } from "./webauthn/index.ts";

export interface KeyRow {
  kid: string;
  principal: string;
  alg: Algorithm;
  jwk: { kty: string; crv: string; x: string; y?: string };
  thumbprint: string;
  /** Null of a passkey, which has what follows instead. */
  proof: string | null;
  credential_id: string | null;
  rp_id: string | null;
  proof_authenticator_data: Buffer | null;
  proof_client_data_json: Buffer | null;
  proof_signature: Buffer | null;
  status: KeyStatus;
  valid_from: Date;
  valid_until: Date;
  registered_at: Date;
  confirmed_at: Date | null;
  confirmed_by: string | null;
  revoked_at: Date | null;
  revoked_by: string | null;
  revoked_reason: string | null;
  /** The database's clock, read after any lock. */
  now: Date;
}

const columns = `kid, principal, alg, jwk, thumbprint, proof, credential_id, rp_id, proof_authenticator_data,
  proof_client_data_json, proof_signature, status, valid_from, valid_until, registered_at, confirmed_at, confirmed_by,
  revoked_at, revoked_by, revoked_reason`;

/** How its owner showed that the key is theirs. */
export type KeyProof =
  | { readonly jws: string }
  | { readonly credentialId: string; readonly rpId: string; readonly assertion: Assertion };

export interface KeyInsert {
  readonly kid: string;
  readonly principal: string;
  readonly alg: Algorithm;
  readonly jwk: object;
  readonly proof: KeyProof;
  readonly validFrom: string | undefined;
  readonly validUntil: string | undefined;
  /** How long the key is good for where no end is named. */
  readonly defaultSeconds: number;
}

/** Undefined when the name, the key itself or its credential is taken. */
export async function insertKey(tx: Tx, key: KeyInsert): Promise<KeyRow | undefined> {
  const { jws, credentialId, rpId, assertion } = {
    jws: null,
    credentialId: null,
    rpId: null,
    assertion: null,
    ...key.proof,
  };
  const { rows } = await tx.query<KeyRow>(
    `INSERT INTO signing_keys (kid, principal, alg, jwk, proof, valid_from, valid_until, credential_id, rp_id,
                               proof_authenticator_data, proof_client_data_json, proof_signature)
     SELECT $1, $2, $3, $4, $5, start, coalesce($7::timestamptz, start + make_interval(secs => $8)), $9, $10, $11, $12, $13
       FROM (SELECT coalesce($6::timestamptz, date_trunc('milliseconds', clock_timestamp())) AS start) AS period
     ON CONFLICT DO NOTHING RETURNING ${columns}, clock_timestamp() AS now`,
    [
      key.kid,
      key.principal,
      key.alg,
      JSON.stringify(key.jwk),
      jws,
      key.validFrom ?? null,
      key.validUntil ?? null,
      key.defaultSeconds,
      credentialId,
      rpId,
      assertion?.authenticatorData ?? null,
      assertion?.clientDataJson ?? null,
      assertion?.signature ?? null,
    ],
  );
  return rows[0];
}

/** The key of that name, or the one with the same public key or credential. */
export async function findKeyLike(
  tx: Tx,
  kid: string,
  jwk: object,
  credentialId: string | undefined,
): Promise<KeyRow | undefined> {
  const { rows } = await tx.query<KeyRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM signing_keys
      WHERE kid = $1 OR thumbprint = jwk_thumbprint($2::jsonb) OR credential_id = $3 ORDER BY kid = $1 DESC LIMIT 1`,
    [kid, JSON.stringify(jwk), credentialId ?? null],
  );
  return rows[0];
}

export async function findKey(tx: Tx, kid: string): Promise<KeyRow | undefined> {
  const { rows } = await tx.query<KeyRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM signing_keys WHERE kid = $1`,
    [kid],
  );
  return rows[0];
}

/** Locks the key, and only then reads the clock. `share` lets others sign with it, and lets nobody revoke it meanwhile. */
export async function lockKey(tx: Tx, kid: string, strength: "share" | "update"): Promise<KeyRow | undefined> {
  const lock = strength === "share" ? "FOR SHARE" : "FOR NO KEY UPDATE";
  const { rows } = await tx.query<KeyRow>(
    `WITH locked AS MATERIALIZED (SELECT ${columns} FROM signing_keys WHERE kid = $1 ${lock})
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    [kid],
  );
  return rows[0];
}

export async function confirmKey(tx: Tx, kid: string, by: string): Promise<KeyRow> {
  const { rows } = await tx.query<KeyRow>(
    `UPDATE signing_keys SET status = 'active', confirmed_at = clock_timestamp(), confirmed_by = $2
      WHERE kid = $1 AND status = 'pending' RETURNING ${columns}, clock_timestamp() AS now`,
    [kid, by],
  );
  return rows[0] as KeyRow;
}

export async function revokeKey(tx: Tx, kid: string, by: string, reason: string): Promise<KeyRow> {
  const { rows } = await tx.query<KeyRow>(
    `UPDATE signing_keys SET status = 'revoked', revoked_at = clock_timestamp(), revoked_by = $2, revoked_reason = $3
      WHERE kid = $1 AND status <> 'revoked' RETURNING ${columns}, clock_timestamp() AS now`,
    [kid, by, reason],
  );
  return rows[0] as KeyRow;
}

export interface KeyFilter {
  readonly principal?: string | undefined;
  readonly status?: string | undefined;
}

export async function selectKeys(
  tx: Tx,
  filter: KeyFilter,
  page: PageRequest,
): Promise<(KeyRow & { position: string })[]> {
  const { rows } = await tx.query<KeyRow & { position: string }>(
    `SELECT ${columns}, now, (extract(epoch FROM registered_at) * 1000000)::bigint::text AS position
       FROM signing_keys, clock_timestamp() AS now
      WHERE ($1::text IS NULL OR principal = $1)
        AND ($2::text IS NULL OR $2 = CASE WHEN status <> 'revoked' AND valid_until <= now THEN 'expired' ELSE status END)
        AND ($3::bigint IS NULL OR (registered_at, kid) < (timestamptz 'epoch' + $3 * interval '1 microsecond', $4))
      ORDER BY registered_at DESC, kid DESC LIMIT $5`,
    [filter.principal ?? null, filter.status ?? null, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit + 1],
  );
  return rows;
}
