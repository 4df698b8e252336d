import type { Tx } from "../database/index.ts";
import { findReceipt } from "./store.ts";

/** What is left of a consumption in the database, with the lease that was taken in the same transaction (GRANT-8). */
export interface StoredReceipt {
  readonly auth_code: string;
  readonly consumed_at: string;
  readonly consumed_by: string;
  readonly idempotency_root: string;
  readonly lease_name: string | null;
  readonly fencing_token: number | null;
}

/** The receipt of a grant; undefined while it was not used. */
export async function readReceipt(tx: Tx, authCode: string): Promise<StoredReceipt | undefined> {
  const row = await findReceipt(tx, authCode);
  if (row === undefined) return undefined;
  return {
    auth_code: row.auth_code,
    consumed_at: row.consumed_at.toISOString(),
    consumed_by: row.consumed_by,
    idempotency_root: row.idempotency_root,
    lease_name: row.lease_name,
    fencing_token: row.fencing_token === null ? null : Number(row.fencing_token),
  };
}
