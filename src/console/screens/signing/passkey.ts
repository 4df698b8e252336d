import { fromBase64, toBase64Url } from "../bytes/base64.ts";
import { canonicalJson, sha256, utf8 } from "../bytes/digest.ts";

/** What an authenticator has answered, as the service takes it: all in base64url. */
export interface Assertion {
  readonly authenticator_data: string;
  readonly client_data_json: string;
  readonly signature: string;
}

export interface NewPasskey {
  readonly credential_id: string;
  /** SPKI. */
  readonly public_key: string;
  readonly alg: "ES256" | "EdDSA";
}

/** COSE numbers of the algorithms that the service takes. */
const algorithms = new Map<number, NewPasskey["alg"]>([
  [-8, "EdDSA"],
  [-7, "ES256"],
]);

/**
 * Whether passkeys can be used on this page: `address` where it was opened by an address, which no passkey can be bound
 * to; `never` where the browser has none, or the page came over plain http from elsewhere.
 */
export function passkeysHere(): "yes" | "address" | "never" {
  if (/^[\d.]+$|^\[/.test(location.hostname)) return "address";
  return "PublicKeyCredential" in globalThis && "credentials" in navigator ? "yes" : "never";
}

/** The same page by the name of this machine; undefined where it is not of this machine. */
export function pageByName(): string | undefined {
  if (location.hostname !== "127.0.0.1" && location.hostname !== "[::1]") return undefined;
  const named = new URL(location.href);
  named.hostname = "localhost";
  return named.href;
}

/**
 * Has an authenticator make a key for this service.
 * @throws DOMException where the person or the authenticator refuses; TypeError for a key of a kind that is not taken
 */
export async function makePasskey(principal: string, known: readonly string[]): Promise<NewPasskey> {
  const made = await navigator.credentials.create({
    publicKey: {
      rp: { name: "Countersign", id: location.hostname },
      user: { id: await sha256(utf8(principal)), name: principal, displayName: principal },
      // What is made here proves nothing yet: the registration is signed by the new key afterwards.
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      pubKeyCredParams: [...algorithms.keys()].map((alg) => ({ type: "public-key" as const, alg })),
      authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
      excludeCredentials: known.map(described),
      attestation: "none",
    },
  });
  if (!(made instanceof PublicKeyCredential) || !(made.response instanceof AuthenticatorAttestationResponse)) {
    throw new TypeError("no passkey was made");
  }
  const alg = algorithms.get(made.response.getPublicKeyAlgorithm());
  const key = made.response.getPublicKey();
  if (alg === undefined || key === null) throw new TypeError("the authenticator has made a key of another kind");
  return { credential_id: toBase64Url(made.rawId), public_key: toBase64Url(key), alg };
}

/**
 * Has a passkey sign these bytes: the challenge is their SHA-256.
 * @param credentials in base64url, any of which may sign
 * @throws DOMException where the person or the authenticator refuses
 */
export async function signBytes(
  text: string,
  credentials: readonly string[],
): Promise<Assertion & { readonly credential_id: string }> {
  const signed = await navigator.credentials.get({
    publicKey: {
      challenge: await sha256(utf8(text)),
      rpId: location.hostname,
      allowCredentials: credentials.map(described),
      userVerification: "required",
    },
  });
  if (!(signed instanceof PublicKeyCredential) || !(signed.response instanceof AuthenticatorAssertionResponse)) {
    throw new TypeError("nothing was signed");
  }
  const { authenticatorData, clientDataJSON, signature } = signed.response;
  return {
    credential_id: toBase64Url(signed.rawId),
    authenticator_data: toBase64Url(authenticatorData),
    client_data_json: toBase64Url(clientDataJSON),
    signature: toBase64Url(signature),
  };
}

/** What a new key signs to show that its private part is there (ESIGN-4). */
export const registrationPayload = (kid: string, principal: string): string =>
  canonicalJson({ kid, principal, purpose: "register-signing-key" });

function described(id: string): PublicKeyCredentialDescriptor {
  return { type: "public-key", id: fromBase64(id) };
}
