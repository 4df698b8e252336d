import type { Tx } from "../../database/index.ts";

/** Raises the fence in the target, or leaves a higher one as it is; the row stays locked until the transaction ends. */
export async function raise(target: Tx, leaseName: string, fencingToken: number): Promise<void> {
  await target.query(
    `INSERT INTO countersign_fence (lease_name, fencing_token) VALUES ($1, $2)
     ON CONFLICT (lease_name) DO UPDATE SET fencing_token = excluded.fencing_token, raised_at = clock_timestamp()
      WHERE countersign_fence.fencing_token < excluded.fencing_token`,
    [leaseName, fencingToken],
  );
}

/** The fence as it is once nobody else holds its row. It stays locked until the transaction ends. */
export async function lockFence(target: Tx, leaseName: string): Promise<number | undefined> {
  const { rows } = await target.query<{ fencing_token: string }>(
    "SELECT fencing_token FROM countersign_fence WHERE lease_name = $1 FOR NO KEY UPDATE",
    [leaseName],
  );
  return rows[0] === undefined ? undefined : Number(rows[0].fencing_token);
}
