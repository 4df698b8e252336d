import type { Tx } from "../database/index.ts";
import type { Bindings, GrantFacts, GrantMode, GrantScope } from "./predicate.ts";
import type { GrantStatus } from "./states.ts";

export interface GrantRow extends GrantFacts {
  request_ref: string;
  commit_allowed: boolean;
  requires_sovereign_esign: boolean;
  sovereign_esign_ref: string | null;
  approval_ref: unknown;
  evidence: unknown;
  granted_by: string;
  consumed_at: Date | null;
  consumed_by: string | null;
  idempotency_root: string | null;
  revoked_at: Date | null;
  revoked_by: string | null;
  revoked_reason: string | null;
  /** Whether a hold stands against its environment, where it was asked. */
  on_hold?: boolean;
  /** The database's clock, read after any lock. */
  now: Date;
}

export interface ReceiptRow {
  auth_code: string;
  consumed_at: Date;
  consumed_by: string;
  idempotency_root: string;
  lease_name: string | null;
  fencing_token: string | null;
}

/** When the key behind the signature of a grant was revoked; null as well where it has none. */
export const signatureKeyRevokedAt = `(SELECT k.revoked_at FROM grant_signatures s JOIN signing_keys k USING (kid)
    WHERE s.auth_code = governance_build_authorization.auth_code)`;

export const columns = `auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign,
  sovereign_esign_ref, approval_ref, evidence, status, granted_at, granted_by, expires_at, consumed_at, consumed_by,
  idempotency_root, revoked_at, revoked_by, revoked_reason,
  ${signatureKeyRevokedAt} AS signature_key_revoked_at`;

/** Whether a hold stands against the environment of the row of that name. */
export const onHold = (row: string): string =>
  `EXISTS (SELECT FROM registration_holds h WHERE h.lifted_at IS NULL
            AND (h.environment IS NULL OR h.environment = ${row}.scope ->> 'environment')) AS on_hold`;

export interface GrantInsert {
  readonly authCode: string;
  readonly requestRef: string;
  readonly mode: GrantMode;
  readonly scope: GrantScope;
  readonly rollbackPlanRef: string;
  readonly approvalRef: unknown;
  readonly evidence: unknown;
  readonly grantedBy: string;
  readonly ttlSeconds: number;
}

/** One row or none (MINT-2). What the mode allows is a constant here, not a value from outside (MINT-3). */
export async function insertGrant(tx: Tx, grant: GrantInsert): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO governance_build_authorization
       (auth_code, request_ref, mode, scope, rollback_plan_ref, approval_ref, evidence, granted_by, created_by,
        commit_allowed, requires_sovereign_esign, status, granted_at, expires_at)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $8,
            $3 = 'commit', $3 = 'commit', CASE $3 WHEN 'commit' THEN 'draft' ELSE 'active' END,
            now, now + make_interval(secs => $9)
       -- Whole milliseconds, as answered: what is shown, signed and compared is the same time.
       FROM date_trunc('milliseconds', clock_timestamp()) AS now
     ON CONFLICT (auth_code) DO NOTHING`,
    [
      grant.authCode,
      grant.requestRef,
      grant.mode,
      JSON.stringify(grant.scope),
      grant.rollbackPlanRef,
      JSON.stringify(grant.approvalRef),
      JSON.stringify(grant.evidence),
      grant.grantedBy,
      grant.ttlSeconds,
    ],
  );
  return rowCount === 1;
}

export async function findGrant(tx: Tx, authCode: string): Promise<GrantRow | undefined> {
  const { rows } = await tx.query<GrantRow>(
    `SELECT ${columns}, ${onHold("governance_build_authorization")}, clock_timestamp() AS now
       FROM governance_build_authorization WHERE auth_code = $1`,
    [authCode],
  );
  return rows[0];
}

/**
 * Locks the grant, and only then reads the clock. In one UPDATE with the expiry in its WHERE clause, the clock would be
 * read before a wait for the lock and an expired grant could be consumed.
 */
export async function lockGrant(tx: Tx, authCode: string): Promise<GrantRow | undefined> {
  const { rows } = await tx.query<GrantRow>(
    `WITH locked AS MATERIALIZED (SELECT ${columns} FROM governance_build_authorization WHERE auth_code = $1 FOR UPDATE)
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    [authCode],
  );
  return rows[0];
}

/**
 * The same for a use, behind the gate that a hold closes (GRANT-8, GRANT-9). The look for a hold may be older than the
 * gate; the trigger of the use looks once more.
 */
export async function lockGrantForUse(tx: Tx, authCode: string): Promise<GrantRow | undefined> {
  const { rows } = await tx.query<GrantRow>(
    `WITH gate AS MATERIALIZED (SELECT pass_hold_gate()),
          locked AS MATERIALIZED (SELECT ${columns} FROM governance_build_authorization, gate WHERE auth_code = $1
                                     FOR UPDATE OF governance_build_authorization)
     SELECT locked.*, ${onHold("locked")}, clock_timestamp() AS now FROM locked`,
    [authCode],
  );
  return rows[0];
}

/** The live grants of the carrier and plan, and the newest dead one with exactly these bindings (GRANT-2). */
export async function findCandidates(tx: Tx, asked: Bindings): Promise<GrantRow[]> {
  const { rows } = await tx.query<GrantRow>(
    `SELECT candidate.*, ${onHold("candidate")}, clock_timestamp() AS now FROM (
       (SELECT ${columns} FROM governance_build_authorization
         WHERE scope ->> 'carrier' = $1 AND scope ->> 'plan_id' = $2 AND status IN ('draft', 'active')
         ORDER BY granted_at DESC LIMIT 200)
       UNION ALL
       (SELECT * FROM (SELECT ${columns} FROM governance_build_authorization
         WHERE scope ->> 'carrier' = $1 AND scope ->> 'plan_id' = $2 AND scope ->> 'manifest_digest' = $3
           AND scope ->> 'schema_digest' = $7 AND scope ->> 'environment' = $8 AND scope ->> 'executor' = $9
         ORDER BY granted_at DESC LIMIT 200) AS recent
         WHERE status NOT IN ('draft', 'active') AND mode = $4 AND rollback_plan_ref = $5 AND scope ->> 'plan_revision' = $6
           AND scope -> 'action_set' @> $10::jsonb
         ORDER BY granted_at DESC LIMIT 1)
     ) AS candidate`,
    [
      asked.carrier,
      asked.plan_id,
      asked.manifest_digest,
      asked.mode,
      asked.rollback_plan_ref,
      asked.plan_revision,
      asked.schema_digest,
      asked.environment,
      asked.executor,
      JSON.stringify(asked.action_set),
    ],
  );
  return rows;
}

/** Locks the live grants on a target, in key order, for Gate E (MINT-1, MINT-6). */
export async function lockLiveGrants(
  tx: Tx,
  mode: GrantMode,
  target: string,
  environment: string,
): Promise<GrantRow[]> {
  // In the words of the unique index that lets no second one in, but for the environment: whose index would be taken for a short way by
  // statistics that have not heard of that environment yet.
  const [which, values] =
    mode === "dry-run"
      ? ["mode = 'dry-run' AND scope ->> 'target' = $1", [target]]
      : ["mode = 'commit' AND scope ->> 'target' = $1 AND (scope ->> 'environment') || '' = $2", [target, environment]];
  const { rows } = await tx.query<GrantRow>(
    `WITH locked AS MATERIALIZED (
       SELECT ${columns} FROM governance_build_authorization WHERE ${which} AND status IN ('draft', 'active')
        ORDER BY auth_code FOR UPDATE)
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    values,
  );
  return rows;
}

/** Every grant that is not used up, in key order, whatever the clock says of it. */
export async function lockEveryLiveGrant(tx: Tx): Promise<GrantRow[]> {
  const { rows } = await tx.query<GrantRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM governance_build_authorization
      WHERE status IN ('draft', 'active') ORDER BY auth_code FOR UPDATE`,
  );
  return rows;
}

/** The time is asked once, so that the index leads to those that have run out; the trigger of the change judges by its own clock. */
export async function lockOverdueGrants(tx: Tx, limit: number): Promise<GrantRow[]> {
  const { rows } = await tx.query<GrantRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM governance_build_authorization
      WHERE consumed_at IS NULL AND revoked_at IS NULL AND expired_at IS NULL AND expires_at <= (SELECT clock_timestamp())
      ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [limit],
  );
  return rows;
}

export interface StatusChange {
  readonly to: GrantStatus;
  readonly by: string;
  readonly idempotencyRoot?: string | undefined;
  readonly reason?: string | undefined;
  readonly esignRef?: string | undefined;
}

/** Compare-and-set: undefined when the grant is no longer in the status that it was locked in. */
export async function setGrantStatus(
  tx: Tx,
  authCode: string,
  from: GrantStatus,
  change: StatusChange,
): Promise<GrantRow | undefined> {
  const { rows } = await tx.query<GrantRow>(
    `UPDATE governance_build_authorization
        SET status = $3,
            consumed_at = CASE $3 WHEN 'consumed' THEN now END, consumed_by = CASE $3 WHEN 'consumed' THEN $4 END,
            idempotency_root = $5,
            revoked_at = CASE $3 WHEN 'revoked' THEN now END, revoked_by = CASE $3 WHEN 'revoked' THEN $4 END,
            revoked_reason = $6, sovereign_esign_ref = coalesce($7, sovereign_esign_ref),
            expired_at = CASE $3 WHEN 'expired' THEN now END
       FROM clock_timestamp() AS now
      WHERE auth_code = $1 AND status = (SELECT $2::text)
      RETURNING ${columns}, now`,
    [
      authCode,
      from,
      change.to,
      change.by,
      change.idempotencyRoot ?? null,
      change.reason ?? null,
      change.esignRef ?? null,
    ],
  );
  return rows[0];
}

/** The outcome of the run that used it, beside the rest of its evidence: all that ever changes in a used grant. */
export async function setRunOutcome(tx: Tx, authCode: string, outcome: unknown): Promise<void> {
  await tx.query(
    `UPDATE governance_build_authorization SET evidence = evidence || jsonb_build_object('run', $2::jsonb)
      WHERE auth_code = $1 AND status = 'consumed'`,
    [authCode, JSON.stringify(outcome)],
  );
}

/** The unique key of the table is the second lock on single use: a second receipt cannot be written. */
export async function insertReceipt(
  tx: Tx,
  authCode: string,
  lease: { name: string; fencingToken: number } | undefined,
): Promise<void> {
  await tx.query(
    `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root, lease_name, fencing_token)
     SELECT auth_code, consumed_at, consumed_by, idempotency_root, $2, $3
       FROM governance_build_authorization WHERE auth_code = $1`,
    [authCode, lease?.name ?? null, lease?.fencingToken ?? null],
  );
}

export async function findReceipt(tx: Tx, authCode: string): Promise<ReceiptRow | undefined> {
  const { rows } = await tx.query<ReceiptRow>(
    `SELECT auth_code, consumed_at, consumed_by, idempotency_root, lease_name, fencing_token
       FROM grant_receipts WHERE auth_code = $1`,
    [authCode],
  );
  return rows[0];
}
