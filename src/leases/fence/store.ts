import type { Tx } from "../../database/index.ts";

/** A lease as its holder works under it. */
export interface Fence {
  readonly leaseName: string;
  readonly fencingToken: number;
  /** The grant that it was taken with. */
  readonly authCode: string;
}

/** Raises the fence in the target, or leaves one as high as it is; the row stays locked until the transaction ends. */
export async function raise(target: Tx, fence: Fence): Promise<void> {
  await target.query(
    `INSERT INTO countersign_fence (lease_name, fencing_token, auth_code) VALUES ($1, $2, $3)
     ON CONFLICT (lease_name) DO UPDATE
        SET fencing_token = excluded.fencing_token, auth_code = excluded.auth_code, raised_at = clock_timestamp()
      WHERE countersign_fence.fencing_token < excluded.fencing_token`,
    [fence.leaseName, fence.fencingToken, fence.authCode],
  );
}

/** The fence as it is once nobody else holds its row. It stays locked until the transaction ends. */
export async function lockFence(target: Tx, leaseName: string): Promise<Fence | undefined> {
  const { rows } = await target.query<{ fencing_token: string; auth_code: string }>(
    "SELECT fencing_token, auth_code FROM countersign_fence WHERE lease_name = $1 FOR NO KEY UPDATE",
    [leaseName],
    { prepare: true },
  );
  const row = rows[0];
  return row && { leaseName, fencingToken: Number(row.fencing_token), authCode: row.auth_code };
}

/** Every fence of the target; a write that holds one is not waited for. */
export async function readFences(target: Tx): Promise<Pick<Fence, "leaseName" | "fencingToken">[]> {
  const { rows } = await target.query<{ lease_name: string; fencing_token: string }>(
    "SELECT lease_name, fencing_token FROM countersign_fence ORDER BY lease_name",
  );
  return rows.map((row) => ({ leaseName: row.lease_name, fencingToken: Number(row.fencing_token) }));
}
