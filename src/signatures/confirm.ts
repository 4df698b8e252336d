import { type Tx, violatedConstraint } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { SignatureProblem } from "./errors.ts";
import { presentKey } from "./read.ts";
import type { SigningKey } from "./schemas.ts";
import { keyStatus } from "./states.ts";
import { confirmKey, lockKey } from "./store.ts";

/**
 * A council member says that the key is the sovereign's: from now on it signs (ESIGN-4). Confirming again answers the
 * key as it was confirmed.
 * @throws ServiceProblem NOT_FOUND; SignatureProblem SIGNING_KEY_STATE for one's own, a revoked or an expired key
 */
export async function confirmSigningKey(tx: Tx, caller: Caller, kid: string): Promise<SigningKey> {
  const key = await lockKey(tx, kid, "update");
  if (key === undefined) throw new ServiceProblem("NOT_FOUND", `There is no signing key ${kid}.`);
  if (key.principal === caller.principal) {
    throw new SignatureProblem("SIGNING_KEY_STATE", `${kid} is the caller's own key: another must confirm it.`);
  }
  const status = keyStatus(key, key.now);
  if (status === "active") return presentKey(key);
  if (status !== "pending") throw new SignatureProblem("SIGNING_KEY_STATE", `${kid} is ${status}.`);
  const confirmed = await confirmKey(tx, kid, caller.principal).catch((error: unknown) => {
    if (violatedConstraint(error) !== "key_confirmation") throw error;
    throw new SignatureProblem(
      "SIGNING_KEY_STATE",
      `${kid} cannot be confirmed: its time is over, or the caller is no active council member.`,
      { cause: error },
    );
  });
  await appendEvent(tx, caller, {
    action: "signing_key.confirmed",
    resourceType: "signing_key",
    resourceId: kid,
    before: { status: key.status },
    after: { status: confirmed.status, principal: key.principal, thumbprint: key.thumbprint },
  });
  return presentKey(confirmed);
}
