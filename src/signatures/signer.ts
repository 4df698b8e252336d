import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { esignInvalid } from "./errors.ts";
import { type ReadJws, readJws, verifyJws } from "./jws.ts";
import { keyStatus } from "./states.ts";
import { type KeyRow, lockKey } from "./store.ts";

export interface CheckedSignature {
  readonly jws: ReadJws;
  /** Share-locked until the transaction ends: nobody revokes it while it is being used. */
  readonly key: KeyRow;
}

/**
 * Checks a detached JWS over the payload, by a key of the caller that is confirmed and in force (ESIGN-2).
 * @throws SignatureProblem ESIGN_INVALID, each fault with its own reason
 */
export async function checkDetachedSignature(
  tx: Tx,
  caller: Caller,
  detached: string,
  payload: string,
): Promise<CheckedSignature> {
  const jws = readJws(detached, "/jws");
  if (jws.payload !== "") {
    throw esignInvalid(
      "malformed",
      "The JWS must be detached, <protected>..<signature>: the payload is the service's.",
    );
  }
  const key = await lockKey(tx, jws.kid, "share");
  if (key === undefined) throw esignInvalid("unknown_kid", `There is no signing key ${jws.kid}.`);
  requireInForce(key);
  if (key.principal !== caller.principal) {
    throw esignInvalid(
      "not_own_key",
      `${jws.kid} is the key of ${key.principal}; the signer sends their own signature.`,
    );
  }
  await verifyJws(jws, payload, key, "/jws");
  return { jws, key };
}

function requireInForce(key: KeyRow): void {
  switch (keyStatus(key, key.now)) {
    case "pending":
      throw esignInvalid("key_pending", `${key.kid} is not confirmed by the council yet.`);
    case "revoked":
      throw esignInvalid("key_revoked", `${key.kid} was revoked at ${key.revoked_at?.toISOString() ?? "?"}.`);
    case "expired":
      throw esignInvalid("key_expired", `${key.kid} expired at ${key.valid_until.toISOString()}.`);
    case "active":
      if (key.now.getTime() >= key.valid_from.getTime()) return;
      throw esignInvalid("key_not_yet_valid", `${key.kid} is valid from ${key.valid_from.toISOString()}.`);
  }
}
