import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import { type Role, serviceCaller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import {
  findPrincipalForUpdate,
  findPrincipalOfIssuer,
  insertPrincipal,
  type IssuedPrincipalRow,
  setRoles,
} from "./store.ts";

const caller = serviceCaller("oidc");

/**
 * Lets in whom a token of the issuer names. The first token makes the principal, a token with other roles than the last
 * one changes them; either leaves an event, and nothing is written otherwise.
 * @throws ServiceProblem UNAUTHENTICATED where the issuer does not speak for the principal, or it is disabled
 */
export async function admit(
  tx: Tx,
  issuer: string,
  { principal, roles }: { readonly principal: string; readonly roles: readonly Role[] },
): Promise<void> {
  const known = await findPrincipalOfIssuer(tx, principal);
  if (known === undefined && (await insertPrincipal(tx, principal, roles, issuer))) {
    await appendEvent(tx, caller, {
      action: "principal.created",
      resourceType: "principal",
      resourceId: principal,
      after: { roles, issuer },
    });
    return;
  }
  if (known !== undefined && isAsGiven(known, issuer, roles)) return;
  // Made or changed by another request since; what counts is what is there once nobody else is changing it.
  const found = await findPrincipalForUpdate(tx, principal);
  if (found === undefined || isAsGiven(found, issuer, roles)) return;
  await setRoles(tx, principal, roles);
  await appendEvent(tx, caller, {
    action: "principal.roles_changed",
    resourceType: "principal",
    resourceId: principal,
    before: { roles: found.roles },
    after: { roles, issuer },
  });
}

/** Whether the row has these roles. @throws ServiceProblem UNAUTHENTICATED where it is not the issuer's to speak for */
function isAsGiven(row: IssuedPrincipalRow, issuer: string, roles: readonly Role[]): boolean {
  if (row.issuer === null) {
    throw refusal("The token names a principal of this service's own, for whom the issuer does not speak.");
  }
  if (row.issuer !== issuer) {
    throw refusal("The token names a principal of another issuer, for whom this one does not speak.");
  }
  if (row.status !== "active") throw refusal("The principal that the token names is disabled.");
  return sameRoles(row.roles, roles);
}

function sameRoles(a: readonly Role[], b: readonly Role[]): boolean {
  return a.length === b.length && a.every((role) => b.includes(role));
}

function refusal(detail: string): ServiceProblem {
  return new ServiceProblem("UNAUTHENTICATED", detail);
}
