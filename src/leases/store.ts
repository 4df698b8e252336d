import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";

export interface LeaseRow {
  lease_name: string;
  lease_holder: string;
  lease_token_hash: Buffer;
  fencing_token: string;
  auth_code: string | null;
  acquired_at: Date;
  renewed_at: Date;
  expires_at: Date;
  released_at: Date | null;
}

export type TimedLeaseRow = LeaseRow & { now: Date };

const columns =
  "lease_name, lease_holder, lease_token_hash, fencing_token, auth_code, acquired_at, renewed_at, expires_at, released_at";

/** Locks the lease, and only then reads the clock. */
export async function lockLease(tx: Tx, name: string): Promise<TimedLeaseRow | undefined> {
  const { rows } = await tx.query<TimedLeaseRow>(
    `WITH locked AS MATERIALIZED (SELECT ${columns} FROM dot_iu_runtime_lease WHERE lease_name = $1 FOR UPDATE)
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    [name],
  );
  return rows[0];
}

/** The first acquisition ever; undefined when someone else's first one was faster. */
export async function insertLease(
  tx: Tx,
  lease: { name: string; holder: string; tokenHash: Buffer; ttlSeconds: number },
): Promise<LeaseRow | undefined> {
  const { rows } = await tx.query<LeaseRow>(
    `INSERT INTO dot_iu_runtime_lease (lease_name, lease_holder, lease_token_hash, fencing_token, acquired_at, renewed_at, expires_at)
     SELECT $1, $2, $3, 1, now, now, now + make_interval(secs => $4) FROM clock_timestamp() AS now
     ON CONFLICT (lease_name) DO NOTHING RETURNING ${columns}`,
    [lease.name, lease.holder, lease.tokenHash, lease.ttlSeconds],
  );
  return rows[0];
}

/** Takes over a lease that is locked and free. */
export async function takeLease(
  tx: Tx,
  lease: { name: string; holder: string; tokenHash: Buffer; fencingToken: number; ttlSeconds: number },
): Promise<LeaseRow> {
  const { rows } = await tx.query<LeaseRow>(
    `UPDATE dot_iu_runtime_lease
        SET lease_holder = $2, lease_token_hash = $3, fencing_token = $4, auth_code = NULL, released_at = NULL,
            acquired_at = now, renewed_at = now, expires_at = now + make_interval(secs => $5)
       FROM clock_timestamp() AS now
      WHERE lease_name = $1 RETURNING ${columns}`,
    [lease.name, lease.holder, lease.tokenHash, lease.fencingToken, lease.ttlSeconds],
  );
  return rows[0] as LeaseRow;
}

export async function bindLease(tx: Tx, name: string, authCode: string): Promise<void> {
  await tx.query("UPDATE dot_iu_runtime_lease SET auth_code = $2 WHERE lease_name = $1", [name, authCode]);
}

export async function extendLease(tx: Tx, name: string, ttlSeconds: number): Promise<LeaseRow> {
  const { rows } = await tx.query<LeaseRow>(
    `UPDATE dot_iu_runtime_lease SET renewed_at = now, expires_at = now + make_interval(secs => $2)
       FROM clock_timestamp() AS now WHERE lease_name = $1 RETURNING ${columns}`,
    [name, ttlSeconds],
  );
  return rows[0] as LeaseRow;
}

export async function endLease(tx: Tx, name: string): Promise<LeaseRow> {
  const { rows } = await tx.query<LeaseRow>(
    `UPDATE dot_iu_runtime_lease SET released_at = clock_timestamp() WHERE lease_name = $1 RETURNING ${columns}`,
    [name],
  );
  return rows[0] as LeaseRow;
}

export async function lockEveryLease(tx: Tx): Promise<Pick<LeaseRow, "lease_name" | "fencing_token">[]> {
  const { rows } = await tx.query<LeaseRow>(
    "SELECT lease_name, fencing_token FROM dot_iu_runtime_lease ORDER BY lease_name FOR UPDATE",
  );
  return rows;
}

/** After a restore: the fence by more than one, the lease free, and a token that nobody has. */
export async function raiseLease(tx: Tx, name: string, by: string, fencingToken: number): Promise<void> {
  await tx.query(
    `INSERT INTO dot_iu_runtime_lease (lease_name, lease_holder, lease_token_hash, fencing_token, acquired_at, renewed_at, expires_at, released_at)
     SELECT $1, $2, sha256(uuid_send(gen_random_uuid())), $3, now, now, now + interval '1 microsecond', now FROM clock_timestamp() AS now
     ON CONFLICT (lease_name) DO UPDATE
        SET lease_holder = excluded.lease_holder, lease_token_hash = excluded.lease_token_hash, fencing_token = excluded.fencing_token,
            auth_code = NULL, acquired_at = excluded.acquired_at, renewed_at = excluded.renewed_at, expires_at = excluded.expires_at,
            released_at = excluded.released_at`,
    [name, by, fencingToken],
  );
}

export async function findLease(tx: Tx, name: string): Promise<TimedLeaseRow | undefined> {
  const { rows } = await tx.query<TimedLeaseRow>(
    `SELECT ${columns}, clock_timestamp() AS now FROM dot_iu_runtime_lease WHERE lease_name = $1`,
    [name],
  );
  return rows[0];
}

export async function selectLeases(tx: Tx, page: PageRequest): Promise<(TimedLeaseRow & { position: string })[]> {
  const { rows } = await tx.query<TimedLeaseRow & { position: string }>(
    `SELECT ${columns}, clock_timestamp() AS now, (extract(epoch FROM acquired_at) * 1000000)::bigint::text AS position
       FROM dot_iu_runtime_lease
      WHERE $1::bigint IS NULL OR (acquired_at, lease_name) < (timestamptz 'epoch' + $1 * interval '1 microsecond', $2)
      ORDER BY acquired_at DESC, lease_name DESC LIMIT $3`,
    [page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit + 1],
  );
  return rows;
}
