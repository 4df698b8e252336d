import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { KeptSignature, StoredAssertion } from "../../signatures/index.ts";
import type { Act, ApprovalStatus } from "../states.ts";

export interface ApprovalRow {
  approval_code: string;
  plan_id: string;
  revision: string;
  plan_digest: string;
  step: number;
  act: Act;
  rehearsal_ref: string | null;
  signed: boolean;
  status: ApprovalStatus;
  executor: string | null;
  reason: string;
  granted_by: string;
  granted_at: Date;
  expires_at: Date;
  consumed_at: Date | null;
  consumed_by: string | null;
  idempotency_root: string | null;
  revoked_at: Date | null;
  revoked_by: string | null;
  revoked_reason: string | null;
  /** The database's clock, read after any lock. */
  now: Date;
}

const columns = `approval_code, plan_id, revision, plan_digest, step, act, rehearsal_ref, signed, status, executor, reason, granted_by,
  granted_at, expires_at, consumed_at, consumed_by, idempotency_root, revoked_at, revoked_by, revoked_reason`;

export interface ApprovalInsert {
  readonly code: string;
  readonly plan_id: string;
  readonly revision: string;
  readonly plan_digest: string;
  readonly step: number;
  readonly act: Act;
  readonly rehearsal_ref: string | undefined;
  readonly signed: boolean;
  readonly executor: string | undefined;
  readonly reason: string;
  readonly grantedBy: string;
  readonly ttlSeconds: number;
}

export async function insertApproval(tx: Tx, row: ApprovalInsert): Promise<ApprovalRow> {
  const { rows } = await tx.query<ApprovalRow>(
    `INSERT INTO os_proposal_approvals (approval_code, plan_id, revision, plan_digest, step, act, rehearsal_ref, signed, status, executor,
                                        reason, granted_by, granted_at, expires_at)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $8 THEN 'draft' ELSE 'active' END, $9, $10, $11, now, now + make_interval(secs => $12)
       FROM clock_timestamp() AS now RETURNING ${columns}, clock_timestamp() AS now`,
    [
      row.code,
      row.plan_id,
      row.revision,
      row.plan_digest,
      row.step,
      row.act,
      row.rehearsal_ref ?? null,
      row.signed,
      row.executor ?? null,
      row.reason,
      row.grantedBy,
      row.ttlSeconds,
    ],
  );
  return rows[0] as ApprovalRow;
}

export async function findApproval(tx: Tx, code: string): Promise<ApprovalRow | undefined> {
  const { rows } = await tx.query<ApprovalRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM os_proposal_approvals WHERE approval_code = $1`,
    [code],
  );
  return rows[0];
}

/** Locks the record, and only then reads the clock. */
export async function lockApproval(tx: Tx, code: string): Promise<ApprovalRow | undefined> {
  const { rows } = await tx.query<ApprovalRow>(
    `WITH locked AS MATERIALIZED (SELECT ${columns} FROM os_proposal_approvals WHERE approval_code = $1 FOR UPDATE)
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    [code],
  );
  return rows[0];
}

export interface ApprovalChange {
  readonly to: ApprovalStatus;
  readonly by?: string;
  readonly root?: string;
  readonly reason?: string;
}

/** Compare-and-set from the status that the record was locked in. False where it is another one by now. */
export async function setApprovalStatus(
  tx: Tx,
  code: string,
  from: ApprovalStatus,
  change: ApprovalChange,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE os_proposal_approvals SET status = $3,
            consumed_at = CASE WHEN $3 = 'consumed' THEN clock_timestamp() END, consumed_by = CASE WHEN $3 = 'consumed' THEN $4 END,
            idempotency_root = CASE WHEN $3 = 'consumed' THEN $5 END,
            revoked_at = CASE WHEN $3 = 'revoked' THEN clock_timestamp() END, revoked_by = CASE WHEN $3 = 'revoked' THEN $4 END,
            revoked_reason = CASE WHEN $3 = 'revoked' THEN $6 END, expired_at = CASE WHEN $3 = 'expired' THEN clock_timestamp() END
      WHERE approval_code = $1 AND status = $2`,
    [code, from, change.to, change.by ?? null, change.root ?? null, change.reason ?? null],
  );
  return rowCount === 1;
}

/** Every record that is not used up, in key order. */
export async function lockEveryLiveApproval(tx: Tx): Promise<ApprovalRow[]> {
  const { rows } = await tx.query<ApprovalRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM os_proposal_approvals
      WHERE status IN ('draft', 'active') ORDER BY approval_code FOR UPDATE`,
  );
  return rows;
}

/** Records whose time is over and that no other sweep holds. */
export async function lockOverdue(tx: Tx, limit: number): Promise<ApprovalRow[]> {
  const { rows } = await tx.query<ApprovalRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM os_proposal_approvals
      WHERE status IN ('draft', 'active') AND expires_at <= (SELECT clock_timestamp()) ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [limit],
  );
  return rows;
}

export interface ApprovalFilter {
  readonly plan_id?: string | undefined;
  readonly revision?: string | undefined;
  readonly status?: ApprovalStatus | undefined;
}

export async function selectApprovals(
  tx: Tx,
  filter: ApprovalFilter,
  page: PageRequest,
): Promise<(ApprovalRow & { position: string })[]> {
  const { rows } = await tx.query<ApprovalRow & { position: string }>(
    `SELECT ${columns}, clock_timestamp() AS now, (extract(epoch FROM granted_at) * 1000000)::bigint::text AS position
       FROM os_proposal_approvals
      WHERE ($1::text IS NULL OR plan_id = $1) AND ($2::text IS NULL OR revision = $2)
        AND ($3::text IS NULL OR CASE WHEN status IN ('draft', 'active') AND expires_at <= clock_timestamp() THEN 'expired' ELSE status END = $3)
        AND ($4::bigint IS NULL OR (granted_at, approval_code) < (timestamptz 'epoch' + $4 * interval '1 microsecond', $5))
      ORDER BY granted_at DESC, approval_code DESC LIMIT $6`,
    [
      filter.plan_id ?? null,
      filter.revision ?? null,
      filter.status ?? null,
      page.after?.[0] ?? null,
      page.after?.[1] ?? null,
      page.limit + 1,
    ],
  );
  return rows;
}

export interface SignatureRow extends StoredAssertion {
  signer: string;
  kid: string;
  alg: string;
  payload: string;
  /** Null where a passkey has signed. */
  jws: string | null;
  signed_at: Date;
  /** As it is now, not as it was. */
  key_revoked_at: Date | null;
}

/** @param lock `share`: nobody revokes the key while the record is used */
export async function findProposalSignature(tx: Tx, code: string, lock?: "share"): Promise<SignatureRow | undefined> {
  const { rows } = await tx.query<SignatureRow>(
    `SELECT s.signer, s.kid, s.alg, s.payload, s.jws, s.authenticator_data, s.client_data_json, s.assertion_signature,
            s.signed_at, k.rp_id, k.revoked_at AS key_revoked_at
       FROM proposal_signatures s JOIN signing_keys k USING (kid) WHERE s.approval_code = $1 ${lock === undefined ? "" : "FOR SHARE OF k"}`,
    [code],
  );
  return rows[0];
}

/** The bytes to sign, as the database makes them out of the record and its revision. */
export async function proposalPayload(tx: Tx, code: string): Promise<string> {
  const { rows } = await tx.query<{ payload: string }>(
    "SELECT proposal_signing_payload(a) AS payload FROM os_proposal_approvals a WHERE approval_code = $1",
    [code],
  );
  return rows[0]?.payload ?? "";
}

export async function insertProposalSignature(
  tx: Tx,
  row: { code: string; kid: string; payload: string; kept: KeptSignature },
): Promise<void> {
  const { jws, assertion } = { jws: null, assertion: null, ...row.kept };
  await tx.query(
    `INSERT INTO proposal_signatures (approval_code, signer, kid, alg, jwk, payload, jws, authenticator_data, client_data_json,
                                      assertion_signature)
     SELECT $1, k.principal, k.kid, k.alg, k.jwk, $3, $4, $5, $6, $7 FROM signing_keys k WHERE k.kid = $2`,
    [
      row.code,
      row.kid,
      row.payload,
      jws,
      assertion?.authenticatorData ?? null,
      assertion?.clientDataJson ?? null,
      assertion?.signature ?? null,
    ],
  );
}
