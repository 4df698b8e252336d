import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller, Role } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { type ServerKeys, sameBytes } from "../kernel/server-keys.ts";
import { isReserved } from "./claims.ts";
import { PrincipalProblem } from "./errors.ts";
import { findPrincipal, insertPrincipal, matchKeyCheck } from "./store.ts";

/**
 * Makes the principal, or finds it as it is.
 * @param roles the roles it must have; undefined takes an existing principal as it is
 * @throws PrincipalProblem PRINCIPAL_CONFLICT when it exists with other roles, PRINCIPAL_RESERVED
 * @throws ServiceProblem NOT_FOUND when it does not exist and no roles are given
 */
export async function ensurePrincipal(
  tx: Tx,
  caller: Caller,
  principal: string,
  roles: readonly Role[] | undefined,
): Promise<void> {
  if (isReserved(principal)) {
    throw new PrincipalProblem("PRINCIPAL_RESERVED", `${principal} begins with service:, which is the service's own.`);
  }
  if (roles !== undefined && (await insertPrincipal(tx, principal, roles, null))) {
    await appendEvent(tx, caller, {
      action: "principal.created",
      resourceType: "principal",
      resourceId: principal,
      after: { roles },
    });
    return;
  }
  const found = await findPrincipal(tx, principal);
  if (found === undefined) {
    throw new ServiceProblem("NOT_FOUND", `There is no principal ${principal}; name its roles to make it.`);
  }
  const same = roles === undefined || [...roles].sort().join() === [...found.roles].sort().join();
  if (!same) {
    throw new PrincipalProblem("PRINCIPAL_CONFLICT", `${principal} exists with the roles ${found.roles.join(", ")}.`);
  }
}

/**
 * Compares the keys with those that the database was first used with.
 * @throws PrincipalProblem SERVER_KEYS_DIFFER
 */
export async function checkServerKeys(tx: Tx, keys: ServerKeys): Promise<void> {
  for (const id of keys.ids) {
    const check = keys.mac("self-check", id, "countersign server key");
    if (check === undefined || !sameBytes(await matchKeyCheck(tx, id, check), check)) {
      throw new PrincipalProblem(
        "SERVER_KEYS_DIFFER",
        `SERVER_KEYS has another key "${id}" than the one this database was first used with.`,
      );
    }
  }
}
