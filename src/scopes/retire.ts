import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { presentScope } from "./read.ts";
import type { Scope } from "./schemas.ts";
import { lockScope, setRetired } from "./store.ts";

/** Retires a scope: nothing more is minted for it; grants that stand go on. Retiring again answers the first time. @throws ServiceProblem NOT_FOUND */
export async function retireScope(tx: Tx, caller: Caller, id: number): Promise<Scope> {
  const scope = await lockScope(tx, id);
  if (scope === undefined) throw new ServiceProblem("NOT_FOUND", `There is no scope ${id}.`);
  if (scope.status === "retired") return presentScope(scope);
  const retired = await setRetired(tx, id, caller.principal);
  await appendEvent(tx, caller, {
    action: "scope.retired",
    resourceType: "scope",
    resourceId: scope.scope_id,
    before: { status: scope.status },
    after: { status: retired.status },
  });
  return presentScope(retired);
}
