import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { lockEveryLiveGrant } from "./store.ts";
import { transition } from "./transition.ts";

/**
 * Revokes whatever is not used up, whoever it is for, also what has expired unnoticed: after a restore nobody knows which
 * of it was used in the time that was lost (GRANT-5).
 * @returns the codes, in order
 */
export async function revokeEveryLiveGrant(tx: Tx, caller: Caller, reason: string): Promise<string[]> {
  const live = await lockEveryLiveGrant(tx);
  for (const grant of live) await transition(tx, caller, grant, { to: "revoked", reason });
  return live.map((grant) => grant.auth_code);
}
