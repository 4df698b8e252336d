import { compactVerify, importJWK } from "jose";
import { readJson } from "../kernel/json.ts";
import { esignInvalid } from "./errors.ts";
import type { Algorithm } from "./schemas.ts";

/** A JWS whose header has been read, and whose signature has not been checked yet. */
export interface ReadJws {
  readonly protectedHeader: string;
  readonly payload: string;
  readonly signature: string;
  readonly alg: Algorithm;
  readonly kid: string;
}

export interface VerificationKey {
  readonly alg: Algorithm;
  readonly jwk: Readonly<Record<string, unknown>>;
}

/**
 * Reads a compact JWS (RFC 7515) strictly: base64url in its one spelling, and a protected header of exactly `alg`
 * (EdDSA or ES256) and `kid`. What could bring a key along or change what is signed (`jwk`, `jku`, `x5u`, `b64`, `crit`) is refused.
 * @throws SignatureProblem ESIGN_INVALID, with the reason `malformed`, `header` or `algorithm`
 */
export function readJws(jws: string, pointer: string): ReadJws {
  const [protectedHeader = "", payload = "", signature = "", ...rest] = jws.split(".");
  if (
    rest.length > 0 ||
    protectedHeader === "" ||
    signature === "" ||
    ![protectedHeader, payload, signature].every(isCanonical)
  ) {
    throw esignInvalid(
      "malformed",
      "It is not a compact JWS: <protected>.<payload>.<signature>, each in base64url.",
      pointer,
    );
  }
  const header = headerOf(protectedHeader, pointer);
  const names = Object.keys(header).toSorted();
  const { alg, kid } = header;
  if (alg !== "EdDSA" && alg !== "ES256") {
    throw esignInvalid("algorithm", "The header's alg must be EdDSA or ES256.", pointer);
  }
  if (names.join() !== "alg,kid" || typeof kid !== "string") {
    throw esignInvalid("header", "The protected header must be exactly alg and kid.", pointer);
  }
  return { protectedHeader, payload, signature, alg, kid };
}

/**
 * Checks the signature over the payload, with the key's own algorithm and no other.
 * @throws SignatureProblem ESIGN_INVALID, with the reason `algorithm` or `mismatch`
 */
export async function verifyJws(jws: ReadJws, payload: string, key: VerificationKey, pointer: string): Promise<void> {
  if (jws.alg !== key.alg) {
    throw esignInvalid("algorithm", `The key ${jws.kid} is for ${key.alg}, the header says ${jws.alg}.`, pointer);
  }
  const encoded = Buffer.from(payload, "utf8").toString("base64url");
  try {
    const imported = await importJWK({ ...key.jwk }, key.alg);
    await compactVerify(`${jws.protectedHeader}.${encoded}.${jws.signature}`, imported, { algorithms: [key.alg] });
  } catch (cause) {
    throw esignInvalid("mismatch", `The signature is not by the key ${jws.kid} over these bytes.`, pointer, cause);
  }
}

/** base64url has many spellings for the same bytes; only the one without padding and stray bits is taken. */
function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

function headerOf(encoded: string, pointer: string): Record<string, unknown> {
  try {
    const header = readJson(Buffer.from(encoded, "base64url"));
    if (typeof header === "object" && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>;
  } catch (cause) {
    throw esignInvalid("header", "The protected header is not a JSON object.", pointer, cause);
  }
  throw esignInvalid("header", "The protected header is not a JSON object.", pointer);
}
