import type { Tx } from "../../../database/index.ts";
import type { SealedEvent } from "../entry.ts";
import { isInLog } from "../links/links.ts";
import { linkEvents } from "../links/store.ts";
import type { HeadRow } from "../store.ts";
import { type RetainedRow, retainedParts } from "./store.ts";

/** How the retention of a month is put on record. */
export const monthRetained = "audit_month.retained";

/**
 * The months on record as exported that the log itself vouches for: a row that somebody has put there excuses nothing that is missing
 * (AUDIT-2).
 */
export async function vouchedParts(tx: Tx, head: Pick<HeadRow, "sealed_seq">): Promise<RetainedRow[]> {
  const parts = await retainedParts(tx);
  if (parts.length === 0) return [];
  const events = await linkEvents(tx, "audit_month");
  const vouched: RetainedRow[] = [];
  for (const part of parts) {
    const event = events.find((one) => one.action === monthRetained && tellsOf(one, part));
    if (event !== undefined && (await isInLog(tx, event, head.sealed_seq))) vouched.push(part);
  }
  return vouched;
}

function tellsOf({ resource_id, after }: SealedEvent, part: RetainedRow): boolean {
  const told = after as Partial<RetainedRow>;
  const { partition, month, leaves, first_leaf, last_leaf, first_seq, last_seq, sha256 } = part;
  const row = { partition, month, leaves, first_leaf, last_leaf, first_seq, last_seq, sha256 };
  return (
    resource_id === partition && Object.entries(row).every(([name, value]) => told[name as keyof RetainedRow] === value)
  );
}
