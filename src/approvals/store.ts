import type { Tx } from "../database/index.ts";
import type { Ballot, Risk } from "./quorum.ts";
import type { RequestStatus } from "./states.ts";

export interface RequestRow {
  apr_code: string;
  apr_digest: string;
  content: string;
  title: string;
  proposed_action_code: string;
  risk: Risk;
  quorum: number;
  council_quorum: number;
  requested_by: string;
  created_at: Date;
  decide_by: Date;
  status: RequestStatus;
  result: string | null;
  result_at: Date | null;
  auth_code: string | null;
  /** The database's clock, read after any lock. */
  now: Date;
}

export interface VoteRow extends Ballot {
  apr_code: string;
  voter: string;
  reason: string;
  apr_digest: string;
  voted_at: Date;
}

export const columns = `apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum, requested_by,
  created_at, decide_by, status, result, result_at, auth_code`;

export interface RequestInsert {
  readonly aprCode: string;
  readonly digest: string;
  readonly content: string;
  readonly title: string;
  readonly actionCode: string;
  readonly risk: Risk;
  readonly quorum: number;
  readonly councilQuorum: number;
  readonly requestedBy: string;
  readonly decideWithinSeconds: number;
}

/** False when the code is taken. */
export async function insertRequest(tx: Tx, request: RequestInsert): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum,
                                    requested_by, created_at, decide_by)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, now, now + make_interval(secs => $10) FROM clock_timestamp() AS now
     ON CONFLICT (apr_code) DO NOTHING`,
    [
      request.aprCode,
      request.digest,
      request.content,
      request.title,
      request.actionCode,
      request.risk,
      request.quorum,
      request.councilQuorum,
      request.requestedBy,
      request.decideWithinSeconds,
    ],
  );
  return rowCount === 1;
}

export async function findRequest(tx: Tx, aprCode: string): Promise<RequestRow | undefined> {
  const { rows } = await tx.query<RequestRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM approval_requests WHERE apr_code = $1`,
    [aprCode],
  );
  return rows[0];
}

/** Locks the request, and only then reads the clock. */
export async function lockRequest(tx: Tx, aprCode: string): Promise<RequestRow | undefined> {
  const { rows } = await tx.query<RequestRow>(
    `WITH locked AS MATERIALIZED (SELECT ${columns} FROM approval_requests WHERE apr_code = $1 FOR UPDATE)
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    [aprCode],
  );
  return rows[0];
}

export async function setRequestStatus(tx: Tx, aprCode: string, status: RequestStatus): Promise<void> {
  await tx.query("UPDATE approval_requests SET status = $2, status_at = clock_timestamp() WHERE apr_code = $1", [
    aprCode,
    status,
  ]);
}

/** Stores the outcome of an execution; once one has made a grant, its OK stays. */
export async function setResult(
  tx: Tx,
  aprCode: string,
  outcome: { result: string; by: string; authCode: string | undefined },
): Promise<void> {
  await tx.query(
    `UPDATE approval_requests
        SET result = $2, result_by = $3, result_at = clock_timestamp(), auth_code = $4,
            status = CASE WHEN $4::text IS NULL THEN status ELSE 'executed' END,
            status_at = CASE WHEN $4::text IS NULL THEN status_at ELSE clock_timestamp() END
      WHERE apr_code = $1 AND status <> 'executed'`,
    [aprCode, outcome.result, outcome.by, outcome.authCode ?? null],
  );
}

/** False when this voter has voted already. */
export async function insertVote(
  tx: Tx,
  vote: { aprCode: string; voter: string; decision: string; digest: string; council: boolean; reason: string },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (apr_code, voter) DO NOTHING`,
    [vote.aprCode, vote.voter, vote.decision, vote.digest, vote.council, vote.reason],
  );
  return rowCount === 1;
}

export async function votesOn(tx: Tx, aprCodes: readonly string[]): Promise<VoteRow[]> {
  const { rows } = await tx.query<VoteRow>(
    `SELECT apr_code, voter, decision, council, reason, apr_digest, voted_at FROM apr_approvals
      WHERE apr_code = ANY ($1) ORDER BY voted_at, voter`,
    [aprCodes],
  );
  return rows;
}

/** Every request that is undecided or approved and not executed, in key order. */
export async function lockEveryPendingRequest(tx: Tx): Promise<RequestRow[]> {
  const { rows } = await tx.query<RequestRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM approval_requests
      WHERE status IN ('open', 'approved') ORDER BY apr_code FOR UPDATE`,
  );
  return rows;
}

/** Locks up to `limit` requests whose time to decide has passed; those that others hold are left to them. */
export async function lockOverdueRequests(tx: Tx, limit: number): Promise<RequestRow[]> {
  const { rows } = await tx.query<RequestRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM approval_requests
      WHERE status IN ('open', 'approved') AND decide_by <= (SELECT clock_timestamp())
      ORDER BY decide_by LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [limit],
  );
  return rows;
}
