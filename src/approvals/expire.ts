import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { lockOverdueRequests, setRequestStatus } from "./store.ts";

/** Marks up to `limit` requests as expired whose decide-by has passed (APR-5, OPEN-3). @returns how many */
export async function expireRequests(tx: Tx, caller: Caller, limit: number): Promise<number> {
  const overdue = await lockOverdueRequests(tx, limit);
  for (const request of overdue) {
    await setRequestStatus(tx, request.apr_code, "expired");
    await appendEvent(tx, caller, {
      action: "approval_request.expired",
      resourceType: "approval_request",
      resourceId: request.apr_code,
      before: { status: request.status },
      after: { status: "expired", decide_by: request.decide_by.toISOString() },
      digests: { apr_digest: request.apr_digest },
    });
  }
  return overdue.length;
}
