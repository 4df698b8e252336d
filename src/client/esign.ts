import canonicalize from "canonicalize";
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";

/** A private signing key as kept in a file: a JWK (RFC 7517) with a `kid`. */
export type PrivateKey = JWK & { readonly kid: string };

export type SigningAlgorithm = "EdDSA" | "ES256";

/** Makes a key pair; its name is its RFC 7638 thumbprint. */
export async function newSigningKey(alg: SigningAlgorithm = "EdDSA"): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  // One name in 64 would look like an option on a command line.
  return kid.startsWith("-") ? newSigningKey(alg) : { ...jwk, kid };
}

/** What of a key may leave the machine. */
export function publicPart({ kty, crv, x, y }: PrivateKey) {
  return { kty, crv, x, ...(y === undefined ? {} : { y }) } as {
    kty: "OKP" | "EC";
    crv: "Ed25519" | "P-256";
    x: string;
    y?: string;
  };
}

/**
 * A detached JWS, `<protected>..<signature>`, over exactly these bytes (RFC 7515, appendix F).
 * @throws TypeError for a key that is neither Ed25519 nor P-256, or has no private part
 */
export async function signDetached(key: PrivateKey, payload: string): Promise<string> {
  const [header = "", , signature = ""] = (await signCompact(key, payload)).split(".");
  return `${header}..${signature}`;
}

/** The proof of possession that a key is registered with (ESIGN-4): compact, by that key. */
export function keyProof(key: PrivateKey, principal: string): Promise<string> {
  return signCompact(key, canonicalize({ kid: key.kid, principal, purpose: "register-signing-key" }) as string);
}

async function signCompact(key: PrivateKey, payload: string): Promise<string> {
  const alg = algorithmOf(key);
  const signer = new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader({ alg, kid: key.kid });
  return signer.sign(await importJWK(key, alg));
}

function algorithmOf({ kty, crv, d }: PrivateKey): SigningAlgorithm {
  if (d === undefined) throw new TypeError("the key has no private part");
  if (kty === "OKP" && crv === "Ed25519") return "EdDSA";
  if (kty === "EC" && crv === "P-256") return "ES256";
  throw new TypeError("the key is neither Ed25519 nor P-256");
}
