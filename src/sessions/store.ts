import type { Tx } from "../database/index.ts";
import type { Role } from "../kernel/caller.ts";
import type { EndReason } from "./states.ts";

export interface SessionRow {
  session_id: string;
  principal: string;
  opened_at: Date;
  expires_at: Date;
  idle_expires_at: Date;
  ended_at: Date | null;
}

export interface SeenSessionRow extends SessionRow {
  roles: Role[];
  now: Date;
  /** Why it is over, ended on record or not; null while it is open. */
  over: EndReason | null;
  /** Whether it is time to write down that it is in use. */
  due: boolean;
}

const columns = "s.session_id, s.principal, s.opened_at, s.expires_at, s.idle_expires_at, s.ended_at";
const joined =
  "sessions s JOIN principals p ON p.principal = s.principal LEFT JOIN api_tokens t ON t.token_id = s.token_id";
/** By the database's clock at the moment of asking, whatever the sweeper has got round to. */
const over = `CASE WHEN s.ended_at IS NOT NULL THEN s.end_reason
                   WHEN p.status <> 'active' THEN 'principal_disabled'
                   WHEN t.revoked_at IS NOT NULL OR t.expires_at <= clock_timestamp() THEN 'token_ended'
                   WHEN s.expires_at <= clock_timestamp() THEN 'expired'
                   WHEN s.idle_expires_at <= clock_timestamp() THEN 'idle' END`;
/** A session's use is written down once in a thirtieth of the time that it may idle. */
const restlessness = 30;

export async function insertSession(
  tx: Tx,
  session: {
    secretHash: Buffer;
    principal: string;
    tokenId: string | null;
    issuer: string | null;
    seconds: number;
    idleSeconds: number;
  },
): Promise<SessionRow> {
  const { rows } = await tx.query<SessionRow>(
    `WITH times AS (
       SELECT clock_timestamp() AS now,
              least(clock_timestamp() + make_interval(secs => $5::int),
                    (SELECT expires_at FROM api_tokens WHERE token_id = $3)) AS ends)
     INSERT INTO sessions AS s (secret_hash, principal, token_id, issuer, expires_at, idle_seconds, idle_expires_at)
     SELECT $1, $2, $3, $4, ends, $6::int, least(ends, now + make_interval(secs => $6::int)) FROM times RETURNING ${columns}`,
    [session.secretHash, session.principal, session.tokenId, session.issuer, session.seconds, session.idleSeconds],
  );
  return rows[0] as SessionRow;
}

export async function findSession(tx: Tx, secretHash: Buffer): Promise<SeenSessionRow | undefined> {
  const { rows } = await tx.query<SeenSessionRow>(
    `SELECT ${columns}, p.roles, clock_timestamp() AS now, ${over} AS over,
            s.idle_expires_at < least(s.expires_at,
              clock_timestamp() + make_interval(secs => s.idle_seconds * (1 - 1.0 / ${restlessness}))) AS due
       FROM ${joined} WHERE s.secret_hash = $1`,
    [secretHash],
  );
  return rows[0];
}

/** @returns whether it was still open; the time is looked at once nobody else holds the row */
export async function touchSession(tx: Tx, sessionId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE sessions
        SET idle_expires_at = greatest(idle_expires_at,
              least(expires_at, clock_timestamp() + make_interval(secs => idle_seconds)))
      WHERE session_id = $1 AND ended_at IS NULL AND least(expires_at, idle_expires_at) > clock_timestamp()`,
    [sessionId],
  );
  return rowCount === 1;
}

/** The row as it is once nobody else is changing it. */
export async function lockSession(tx: Tx, secretHash: Buffer): Promise<SessionRow | undefined> {
  const { rows } = await tx.query<SessionRow>(`SELECT ${columns} FROM sessions s WHERE s.secret_hash = $1 FOR UPDATE`, [
    secretHash,
  ]);
  return rows[0];
}

export async function setEnded(tx: Tx, sessionId: string, reason: EndReason): Promise<Date> {
  const { rows } = await tx.query<{ ended_at: Date }>(
    `UPDATE sessions SET ended_at = clock_timestamp(), end_reason = $2 WHERE session_id = $1 AND ended_at IS NULL
     RETURNING ended_at`,
    [sessionId, reason],
  );
  return (rows[0] as { ended_at: Date }).ended_at;
}

/** Sessions that are over and not ended on record. Those that somebody else is ending are left to them. */
export async function lockOver(tx: Tx, limit: number): Promise<(SessionRow & { over: EndReason })[]> {
  const { rows } = await tx.query<SessionRow & { over: EndReason }>(
    `SELECT ${columns}, ${over} AS over FROM ${joined}
      WHERE s.ended_at IS NULL AND ${over} IS NOT NULL
      ORDER BY s.session_id LIMIT $1 FOR UPDATE OF s SKIP LOCKED`,
    [limit],
  );
  return rows;
}

/** @returns whether the state is used for the first time, and in time */
export async function insertSignIn(tx: Tx, stateHash: Buffer, expiresAt: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO session_sign_ins (state_hash, expires_at)
     SELECT $1, $2::timestamptz WHERE $2::timestamptz > clock_timestamp() ON CONFLICT (state_hash) DO NOTHING`,
    [stateHash, expiresAt],
  );
  return rowCount === 1;
}

/** The database's clock, to the millisecond. */
export async function databaseTime(tx: Tx): Promise<Date> {
  const { rows } = await tx.query<{ now: Date }>("SELECT clock_timestamp() AS now");
  return (rows[0] as { now: Date }).now;
}
