import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import { type Caller, serviceCaller } from "../kernel/caller.ts";
import { hashOf, isSecret } from "./secret.ts";
import type { EndReason } from "./states.ts";
import { lockOver, lockSession, type SessionRow, setEnded } from "./store.ts";

/**
 * Ends the session of this secret; ending it again answers the first end.
 * @returns when it ended; undefined where there is no such session
 */
export async function endSession(
  tx: Tx,
  requestId: string,
  secret: string,
  reason: EndReason,
): Promise<Date | undefined> {
  const row = isSecret(secret) ? await lockSession(tx, hashOf(secret)) : undefined;
  if (row === undefined || row.ended_at !== null) return row?.ended_at ?? undefined;
  return end(tx, { principal: row.principal, roles: [], requestId }, row, reason);
}

/** Ends on record what is over: by its time, by idling, by its token or its principal. @returns how many */
export async function endOverSessions(tx: Tx, limit: number): Promise<number> {
  const over = await lockOver(tx, limit);
  for (const row of over) await end(tx, serviceCaller("sweeper"), row, row.over);
  return over.length;
}

async function end(tx: Tx, caller: Caller, row: SessionRow, reason: EndReason): Promise<Date> {
  const endedAt = await setEnded(tx, row.session_id, reason);
  await appendEvent(tx, caller, {
    action: "session.ended",
    resourceType: "session",
    resourceId: row.session_id,
    before: { status: "open", principal: row.principal },
    after: { status: "ended", reason },
  });
  return endedAt;
}
