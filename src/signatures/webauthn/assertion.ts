import { createHash, createPublicKey, verify } from "node:crypto";
import { canonicalJson } from "../../kernel/json.ts";
import { esignInvalid } from "../errors.ts";
import type { Algorithm, PublicJwk } from "../schemas.ts";
import { checkAuthenticatorData } from "./authenticator-data.ts";
import { bytesOf } from "./base64url.ts";
import { checkClientData } from "./client-data.ts";
import { rawOfDer } from "./ecdsa-der.ts";
import type { RelyingParty } from "./relying-party.ts";

/** An assertion as it is sent and shown: bytes in base64url. */
export interface AssertionText {
  readonly authenticator_data: string;
  readonly client_data_json: string;
  readonly signature: string;
}

/** The same, decoded. */
export interface Assertion {
  readonly authenticatorData: Buffer;
  readonly clientDataJson: Buffer;
  /** ES256: DER, as authenticators make it; EdDSA: 64 bytes. */
  readonly signature: Buffer;
}

type PublicNumbers = Readonly<Pick<PublicJwk, "x" | "y"> & { kty: string; crv: string }>;

interface Verification {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly jwk: PublicNumbers;
  /** The bytes whose SHA-256 digest is the challenge. */
  readonly payload: string;
  readonly party: RelyingParty;
}

const pointer = "/webauthn";

/** @throws SignatureProblem ESIGN_INVALID, with the reason `malformed` */
export function readAssertion(text: AssertionText): Assertion {
  return {
    authenticatorData: bytesOf(text.authenticator_data, `${pointer}/authenticator_data`),
    clientDataJson: bytesOf(text.client_data_json, `${pointer}/client_data_json`),
    signature: bytesOf(text.signature, `${pointer}/signature`),
  };
}

/** The opposite of {@link readAssertion}. */
export function showAssertion({ authenticatorData, clientDataJson, signature }: Assertion): AssertionText {
  return {
    authenticator_data: authenticatorData.toString("base64url"),
    client_data_json: clientDataJson.toString("base64url"),
    signature: signature.toString("base64url"),
  };
}

/** What the reference of a signature by a passkey is the digest of: RFC 8785. */
export function assertionText(assertion: Assertion): string {
  return canonicalJson(showAssertion(assertion));
}

/**
 * Checks an assertion over the digest of a payload (WebAuthn Level 3, 7.2; ESIGN-2).
 * @throws SignatureProblem ESIGN_INVALID, each fault with its own reason
 */
export function verifyAssertion(assertion: Assertion, { kid, alg, jwk, payload, party }: Verification): void {
  const { authenticatorData, clientDataJson } = assertion;
  const challenge = createHash("sha256").update(payload).digest();
  checkClientData(clientDataJson, challenge, party, `${pointer}/client_data_json`);
  checkAuthenticatorData(authenticatorData, party.rpId, `${pointer}/authenticator_data`);
  const signature = rawSignature(assertion.signature, alg);
  const signed = Buffer.concat([authenticatorData, createHash("sha256").update(clientDataJson).digest()]);
  if (holds(alg, jwk, signed, signature)) return;
  throw esignInvalid("mismatch", `The signature is not by the key ${kid} over these bytes.`, `${pointer}/signature`);
}

function rawSignature(signature: Buffer, alg: Algorithm): Buffer {
  const raw = alg === "ES256" ? rawOfDer(signature) : signature.length === 64 ? signature : undefined;
  if (raw !== undefined) return raw;
  const form = alg === "ES256" ? "an ECDSA signature in DER, in its one spelling" : "an Ed25519 signature of 64 bytes";
  throw esignInvalid("signature_encoding", `It is not ${form}.`, `${pointer}/signature`);
}

function holds(alg: Algorithm, jwk: PublicNumbers, signed: Buffer, signature: Buffer): boolean {
  try {
    const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
    if (alg === "EdDSA") return verify(null, signed, key, signature);
    return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
  } catch {
    // What is no point of the curve has signed nothing.
    return false;
  }
}
