import { createHash } from "node:crypto";
import { esignInvalid } from "../errors.ts";

/** Bytes: the digest of the relying party, the flags and the counter. */
const plainLength = 37;

const flag = {
  userPresent: 1,
  userVerified: 4,
  mayBeBackedUp: 8,
  isBackedUp: 16,
  credential: 64,
  extensions: 128,
} as const;

/**
 * What the authenticator says of itself and of who was there (WebAuthn, 6.1; the checks of 7.2). No extension is asked for and
 * an assertion never has a credential in it, so it is exactly 37 bytes. The counter is not relied on: backed-up passkeys have none.
 * @param pointer where in the request it stands
 * @throws SignatureProblem ESIGN_INVALID, each fault with its own reason
 */
export function checkAuthenticatorData(bytes: Uint8Array, rpId: string, pointer: string): void {
  const flags = bytes[32] ?? 0;
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const refuse = (detail: string): Error => esignInvalid("authenticator_data", detail, pointer);
  if (has(flag.credential)) throw refuse("There is a new credential in the authenticator data: it is no assertion.");
  if (has(flag.extensions)) throw refuse("There are extensions in the authenticator data, and none was asked for.");
  if (bytes.length !== plainLength) {
    throw refuse(`The authenticator data are ${bytes.length} bytes, and without extensions they are ${plainLength}.`);
  }
  if (!createHash("sha256").update(rpId).digest().equals(bytes.subarray(0, 32))) {
    throw esignInvalid("rp_id_hash", `The authenticator signed for another relying party than ${rpId}.`, pointer);
  }
  if (!has(flag.userPresent)) throw esignInvalid("user_presence", "Nobody was present at the authenticator.", pointer);
  if (!has(flag.userVerified)) {
    throw esignInvalid(
      "user_verification",
      "The authenticator did not verify who it was: ask for userVerification `required`.",
      pointer,
    );
  }
  if (has(flag.isBackedUp) && !has(flag.mayBeBackedUp)) {
    throw esignInvalid("backup_state", "The passkey is backed up, and says that it cannot be.", pointer);
  }
}
