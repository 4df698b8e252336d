import type { Tx } from "../../database/index.ts";
import { holdPartitions } from "../../evidence/index.ts";
import { type Contradiction, contradictions, extentOfLog } from "./store.ts";

/** Whether the log says of the rows what the rows say. */
export interface AuditVerdict {
  readonly passed: boolean;
  readonly events: number;
  readonly first_seq: number | null;
  readonly last_seq: number | null;
  readonly contradictions: readonly Contradiction[];
}

/** Reads the whole log and compares it with what it is about (AUDIT-1). */
export async function verifyAudit(tx: Tx): Promise<AuditVerdict> {
  await holdPartitions(tx);
  const [extent, found] = [await extentOfLog(tx), await contradictions(tx)];
  return {
    passed: found.length === 0,
    events: extent.events,
    first_seq: extent.first,
    last_seq: extent.last,
    contradictions: found,
  };
}
