import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { lockOverdueGrants } from "./store.ts";
import { transition } from "./transition.ts";

/** Marks up to `limit` grants as expired whose claim-by has passed (OPEN-3). @returns how many */
export async function expireGrants(tx: Tx, caller: Caller, limit: number): Promise<number> {
  const overdue = await lockOverdueGrants(tx, limit);
  for (const grant of overdue) await transition(tx, caller, grant, { to: "expired" });
  return overdue.length;
}
