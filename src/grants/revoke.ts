import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { GrantProblem } from "./errors.ts";
import { presentGrant } from "./read.ts";
import type { Grant, RevokeInput } from "./schemas.ts";
import { grantStatus } from "./states.ts";
import { lockGrant } from "./store.ts";
import { transition } from "./transition.ts";

/**
 * Revokes a live grant (GRANT-5). Revoking again answers the first revocation.
 * @throws GrantProblem REJECT_AUTH_ALREADY_CONSUMED, REJECT_AUTH_EXPIRED; ServiceProblem NOT_FOUND
 */
export async function revokeGrant(tx: Tx, caller: Caller, authCode: string, input: RevokeInput): Promise<Grant> {
  const grant = await lockGrant(tx, authCode);
  if (grant === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);
  const status = grantStatus(grant, grant.now);
  if (status === "revoked") return presentGrant(grant);
  if (status === "consumed") {
    throw new GrantProblem(
      "REJECT_AUTH_ALREADY_CONSUMED",
      `${authCode} was consumed by ${grant.consumed_by ?? "its executor"}; a used grant cannot be revoked.`,
      { members: { auth_code: authCode } },
    );
  }
  if (status === "expired") {
    throw new GrantProblem("REJECT_AUTH_EXPIRED", `${authCode} expired at ${grant.expires_at.toISOString()}.`, {
      members: { auth_code: authCode },
    });
  }
  return presentGrant(await transition(tx, caller, grant, { to: "revoked", reason: input.reason }));
}
