import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { digestOfBytes } from "../kernel/json.ts";
import { esignInvalid } from "./errors.ts";
import { readJws, verifyJws } from "./jws.ts";
import type { EsignInput } from "./schemas.ts";
import { keyStatus } from "./states.ts";
import { type KeyRow, lockKey } from "./store.ts";
import { type Assertion, assertionText, readAssertion, type RelyingParty, verifyAssertion } from "./webauthn/index.ts";

/** A signature as it is kept: a detached JWS, or an assertion. */
export type KeptSignature = { readonly jws: string } | { readonly assertion: Assertion };

export interface CheckedSignature {
  /** Share-locked until the transaction ends: nobody revokes it while it is being used. */
  readonly key: KeyRow;
  readonly kept: KeptSignature;
  /** The digest of the JWS, or of the assertion in its RFC 8785 form. */
  readonly reference: string;
  /** Where in the request the signature stands. */
  readonly pointer: "/jws" | "/webauthn";
}

/**
 * Checks a signature over the payload, by a key of the caller that is confirmed and in force (ESIGN-2): a detached JWS, or an
 * assertion whose challenge is the digest of the payload.
 * @throws SignatureProblem ESIGN_INVALID, each fault with its own reason
 */
export function checkSignature(
  tx: Tx,
  caller: Caller,
  input: EsignInput,
  payload: string,
  party: RelyingParty,
): Promise<CheckedSignature> {
  return "jws" in input
    ? checkDetachedSignature(tx, caller, input.jws, payload)
    : checkAssertion(tx, caller, input.webauthn, payload, party);
}

async function checkDetachedSignature(
  tx: Tx,
  caller: Caller,
  detached: string,
  payload: string,
): Promise<CheckedSignature> {
  const pointer = "/jws";
  const jws = readJws(detached, pointer);
  if (jws.payload !== "") {
    throw esignInvalid(
      "malformed",
      "The JWS must be detached, <protected>..<signature>: the payload is the service's.",
    );
  }
  const key = await lockOwnKey(tx, caller, jws.kid, pointer);
  if (key.credential_id !== null) {
    throw esignInvalid("key_kind", `${key.kid} is a passkey: it signs by WebAuthn, not by JWS.`, pointer);
  }
  await verifyJws(jws, payload, key, pointer);
  return { key, kept: { jws: detached }, reference: digestOfBytes(detached), pointer };
}

async function checkAssertion(
  tx: Tx,
  caller: Caller,
  input: Extract<EsignInput, { webauthn: unknown }>["webauthn"],
  payload: string,
  party: RelyingParty,
): Promise<CheckedSignature> {
  const assertion = readAssertion(input);
  const key = await lockOwnKey(tx, caller, input.kid, "/webauthn/kid");
  const { kid, alg, jwk, rp_id: rpId } = key;
  if (rpId === null) {
    throw esignInvalid("key_kind", `${kid} is no passkey: it signs by JWS, not by WebAuthn.`, "/webauthn/kid");
  }
  // The passkey is bound to what it was registered for, also where the service has another name by now.
  verifyAssertion(assertion, { kid, alg, jwk, payload, party: { ...party, rpId } });
  return { key, kept: { assertion }, reference: digestOfBytes(assertionText(assertion)), pointer: "/webauthn" };
}

async function lockOwnKey(tx: Tx, caller: Caller, kid: string, pointer: string): Promise<KeyRow> {
  const key = await lockKey(tx, kid, "share");
  if (key === undefined) throw esignInvalid("unknown_kid", `There is no signing key ${kid}.`, pointer);
  requireInForce(key, pointer);
  if (key.principal !== caller.principal) {
    throw esignInvalid(
      "not_own_key",
      `${kid} is the key of ${key.principal}; the signer sends their own signature.`,
      pointer,
    );
  }
  return key;
}

function requireInForce(key: KeyRow, pointer: string): void {
  switch (keyStatus(key, key.now)) {
    case "pending":
      throw esignInvalid("key_pending", `${key.kid} is not confirmed by the council yet.`, pointer);
    case "revoked":
      throw esignInvalid("key_revoked", `${key.kid} was revoked at ${key.revoked_at?.toISOString() ?? "?"}.`, pointer);
    case "expired":
      throw esignInvalid("key_expired", `${key.kid} expired at ${key.valid_until.toISOString()}.`, pointer);
    case "active":
      if (key.now.getTime() >= key.valid_from.getTime()) return;
      throw esignInvalid("key_not_yet_valid", `${key.kid} is valid from ${key.valid_from.toISOString()}.`, pointer);
  }
}
