import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { presentKey } from "./read.ts";
import type { RevokeKeyInput, SigningKey } from "./schemas.ts";
import { lockKey, revokeKey } from "./store.ts";

/**
 * Takes a key out of force: it signs no more, and grants that it signed and that are not consumed yet refuse. What was
 * done under it stays provable. A sovereign revokes their own keys, an administrator any. Revoking again answers the
 * first revocation.
 * @throws ServiceProblem NOT_FOUND, FORBIDDEN for a sovereign and another's key
 */
export async function revokeSigningKey(
  tx: Tx,
  caller: Caller,
  kid: string,
  input: RevokeKeyInput,
): Promise<SigningKey> {
  const key = await lockKey(tx, kid, "update");
  if (key === undefined) throw new ServiceProblem("NOT_FOUND", `There is no signing key ${kid}.`);
  if (key.principal !== caller.principal && !caller.roles.includes("admin")) {
    throw new ServiceProblem(
      "FORBIDDEN",
      `${kid} is the key of ${key.principal}: its owner or the role \`admin\` revokes it.`,
      {
        members: { required_roles: ["admin"] },
      },
    );
  }
  if (key.status === "revoked") return presentKey(key);
  const revoked = await revokeKey(tx, kid, caller.principal, input.reason);
  await appendEvent(tx, caller, {
    action: "signing_key.revoked",
    resourceType: "signing_key",
    resourceId: kid,
    before: { status: key.status },
    after: { status: revoked.status, principal: key.principal, revoked_reason: input.reason },
  });
  return presentKey(revoked);
}
