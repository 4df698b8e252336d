import type { Tx } from "../database/index.ts";

/** The database's clock, in UTC to the microsecond. */
export async function databaseNow(tx: Tx): Promise<string> {
  const { rows } = await tx.query<{ now: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS now`,
  );
  return rows[0]?.now ?? "";
}
