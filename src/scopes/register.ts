import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { ScopeProblem } from "./errors.ts";
import { presentScope } from "./read.ts";
import type { Scope, ScopeInput } from "./schemas.ts";
import { findActiveScope, insertScope, type ScopeRow } from "./store.ts";

/**
 * Registers where commit-mode grants may be for. The same again answers the one that stands.
 * @param databases the names of the configured target databases
 * @throws ScopeProblem SCOPE_CONFLICT when it is registered otherwise
 * @throws ServiceProblem INVALID_REQUEST for a database that is not configured
 */
export async function registerScope(
  tx: Tx,
  caller: Caller,
  input: ScopeInput,
  databases: readonly string[],
): Promise<{ created: boolean; scope: Scope }> {
  if (!databases.includes(input.database)) {
    throw new ServiceProblem("INVALID_REQUEST", `There is no target database ${input.database}.`, {
      errors: [
        { pointer: "/database", detail: `must be one of TARGETS: ${databases.join(", ") || "none is configured"}` },
      ],
    });
  }
  const row = await insertScope(tx, input, caller.principal);
  if (row === undefined) return standing(tx, caller, input, databases);
  await appendEvent(tx, caller, {
    action: "scope.registered",
    resourceType: "scope",
    resourceId: row.scope_id,
    after: { status: row.status, ...input },
  });
  return { created: true, scope: presentScope(row) };
}

async function standing(tx: Tx, caller: Caller, input: ScopeInput, databases: readonly string[]) {
  const row = await findActiveScope(tx, input);
  // The one that was in the way has been retired meanwhile.
  if (row === undefined) return registerScope(tx, caller, input, databases);
  if (canonicalJson(contentOf(row)) === canonicalJson(contentOf(input)))
    return { created: false, scope: presentScope(row) };
  throw new ScopeProblem("SCOPE_CONFLICT", `Scope ${row.scope_id} stands for these names with other content.`, {
    members: { scope_id: Number(row.scope_id) },
  });
}

function contentOf({ database, allowed_action_sets, lease_name, rehearsal_required }: ScopeInput | ScopeRow) {
  return { database, allowed_action_sets, lease_name, rehearsal_required };
}
