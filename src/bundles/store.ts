import type { Tx } from "../database/index.ts";

/** The database's clock, in UTC to the microsecond. */
export async function databaseNow(tx: Tx): Promise<string> {
  const { rows } = await tx.query<{ now: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
  );
  return rows[0]?.now ?? "";
}

/** The events by which leases were given out with these numbers: of all that a lease's history has, what a run is about. */
export async function acquisitions(
  tx: Tx,
  leases: readonly { readonly name: string; readonly fencingToken: number }[],
): Promise<number[]> {
  const { rows } = await tx.query<{ seq: number }>(
    `SELECT seq::float8 AS seq FROM unnest($1::text[], $2::bigint[]) AS asked (name, token)
       JOIN audit_events ON resource_type = 'lease' AND resource_id = asked.name
        AND action = 'lease.acquired' AND (after ->> 'fencing_token')::bigint = asked.token ORDER BY seq`,
    [leases.map(({ name }) => name), leases.map(({ fencingToken }) => fencingToken)],
  );
  return rows.map(({ seq }) => seq);
}
