import type { Tx } from "../database/index.ts";

/**
 * Takes a signed message, once. The comparison with the clock is the database's, like every other.
 * @returns whether it is fresh, and whether it was seen for the first time
 */
export async function takeMessage(
  tx: Tx,
  message: { id: string; timestamp: number; aprCode: string; receivedBy: string; toleranceSeconds: number },
): Promise<{ fresh: boolean; first: boolean }> {
  const { rows } = await tx.query<{ fresh: boolean }>(
    "SELECT abs(extract(epoch FROM clock_timestamp()) - $1::bigint) <= $2 AS fresh",
    [message.timestamp, message.toleranceSeconds],
  );
  if (rows[0]?.fresh !== true) return { fresh: false, first: false };
  const { rowCount } = await tx.query(
    "INSERT INTO sync_messages (message_id, apr_code, received_by) VALUES ($1, $2, $3) ON CONFLICT (message_id) DO NOTHING",
    [message.id, message.aprCode, message.receivedBy],
  );
  return { fresh: true, first: rowCount === 1 };
}
