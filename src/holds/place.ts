import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { presentHold } from "./read.ts";
import type { Hold, HoldInput } from "./schemas.ts";
import { insertHold } from "./store.ts";

/**
 * Stops all consumption, in one environment or everywhere (GRANT-9). It waits for the uses that are under way: once it
 * is acknowledged, none passes.
 */
export async function placeHold(tx: Tx, caller: Caller, input: HoldInput): Promise<Hold> {
  const row = await insertHold(tx, {
    environment: input.environment ?? null,
    reason: input.reason,
    placedBy: caller.principal,
  });
  await appendEvent(tx, caller, {
    action: "hold.placed",
    resourceType: "hold",
    resourceId: row.id,
    after: { status: "standing", environment: row.environment, reason: row.reason },
  });
  return presentHold(row);
}
