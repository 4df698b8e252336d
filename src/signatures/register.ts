import { type Tx, violatedConstraint } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { esignInvalid, SignatureProblem } from "./errors.ts";
import { readJws, verifyJws } from "./jws.ts";
import { presentKey } from "./read.ts";
import type { Algorithm, JwsKeyInput, PasskeyInput, PublicJwk, SigningKey, SigningKeyInput } from "./schemas.ts";
import { findKeyLike, insertKey, type KeyProof, type KeyRow } from "./store.ts";
import { bytesOf, jwkOfSpki, readAssertion, type RelyingParty, verifyAssertion } from "./webauthn/index.ts";

const defaultSeconds = 365 * 86_400;

/** What the owner of a key signs with it, to show that it is theirs (ESIGN-4): RFC 8785 bytes. */
export function proofPayload(kid: string, principal: string): string {
  return canonicalJson({ kid, principal, purpose: "register-signing-key" });
}

/** A public key whose owner has shown that they hold it. */
interface ProvedKey {
  readonly alg: Algorithm;
  readonly jwk: PublicJwk;
  readonly proof: KeyProof;
}

/**
 * Registers the caller's own public key, or passkey; a council member has to confirm it before it signs anything (ESIGN-4).
 * @throws SignatureProblem ESIGN_INVALID when the proof is not by this key; SIGNING_KEY_CONFLICT
 * @throws ServiceProblem INVALID_REQUEST for a key or a period that cannot be
 */
export async function registerKey(
  tx: Tx,
  caller: Caller,
  input: SigningKeyInput,
  party: RelyingParty,
): Promise<SigningKey> {
  const { alg, jwk, proof } =
    "webauthn" in input ? provedPasskey(caller, input, party) : await provedJwsKey(caller, input);
  const row = await tx
    .savepoint(() =>
      insertKey(tx, {
        kid: input.kid,
        principal: caller.principal,
        alg,
        jwk,
        proof,
        validFrom: input.valid_from,
        validUntil: input.valid_until,
        defaultSeconds,
      }),
    )
    .catch((error: unknown) => {
      throw refusedByDatabase(input, error);
    });
  if (row === undefined) throw await conflictOf(tx, input, jwk);
  await appendEvent(tx, caller, {
    action: "signing_key.registered",
    resourceType: "signing_key",
    resourceId: row.kid,
    after: {
      status: row.status,
      principal: row.principal,
      alg: row.alg,
      thumbprint: row.thumbprint,
      ...(row.credential_id === null ? {} : { credential_id: row.credential_id, rp_id: row.rp_id }),
      valid_from: row.valid_from.toISOString(),
      valid_until: row.valid_until.toISOString(),
    },
  });
  return presentKey(row);
}

async function conflictOf(tx: Tx, input: SigningKeyInput, jwk: PublicJwk): Promise<Error> {
  const credentialId = "webauthn" in input ? input.webauthn.credential_id : undefined;
  const taken: KeyRow | undefined = await findKeyLike(tx, input.kid, jwk, credentialId);
  const which =
    taken === undefined || taken.kid === input.kid
      ? `The name ${input.kid} is taken.`
      : `This key is registered as ${taken.kid}.`;
  return new SignatureProblem("SIGNING_KEY_CONFLICT", which);
}

/** A passkey shows that it is its owner's by an assertion over the digest of what a JWS would be over. */
function provedPasskey(caller: Caller, { kid, webauthn }: PasskeyInput, party: RelyingParty): ProvedKey {
  const pointer = "/webauthn/public_key";
  const known = jwkOfSpki(bytesOf(webauthn.public_key, pointer));
  if (known === undefined) throw invalid(pointer, "must be the SubjectPublicKeyInfo of a P-256 or an Ed25519 key");
  if (known.alg !== webauthn.alg) {
    throw esignInvalid("algorithm", `The public key is for ${known.alg}, not for ${webauthn.alg}.`, "/webauthn/alg");
  }
  bytesOf(webauthn.credential_id, "/webauthn/credential_id");
  const assertion = readAssertion(webauthn);
  verifyAssertion(assertion, { ...known, kid, payload: proofPayload(kid, caller.principal), party });
  return { ...known, proof: { credentialId: webauthn.credential_id, rpId: party.rpId, assertion } };
}

async function provedJwsKey(caller: Caller, input: JwsKeyInput): Promise<ProvedKey> {
  const { alg, jwk } = publicKeyOf(input);
  await checkProof(caller, input, alg, jwk);
  return { alg, jwk, proof: { jws: input.proof } };
}

/** The key as it is kept: its kind decides the algorithm, and nothing but the public numbers stays. */
function publicKeyOf({ kid, jwk }: JwsKeyInput): { alg: Algorithm; jwk: PublicJwk } {
  const { kty, crv, x, y } = jwk;
  const alg = kty === "OKP" && crv === "Ed25519" ? "EdDSA" : kty === "EC" && crv === "P-256" ? "ES256" : undefined;
  if (alg === undefined) throw invalid("/jwk/crv", "must be Ed25519 with kty OKP, or P-256 with kty EC");
  if ((y === undefined) !== (alg === "EdDSA")) {
    throw invalid("/jwk/y", alg === "EdDSA" ? "belongs to an EC key only" : "is missing");
  }
  if (jwk.alg !== undefined && jwk.alg !== alg && !(alg === "EdDSA" && jwk.alg === "Ed25519")) {
    throw invalid("/jwk/alg", `must be ${alg} for this kind of key, or be left out`);
  }
  if (jwk.kid !== undefined && jwk.kid !== kid) throw invalid("/jwk/kid", "must be the same as /kid, or be left out");
  return { alg, jwk: { kty, crv, x, ...(y === undefined ? {} : { y }) } };
}

async function checkProof(caller: Caller, input: JwsKeyInput, alg: Algorithm, jwk: PublicJwk): Promise<void> {
  const jws = readJws(input.proof, "/proof");
  if (jws.kid !== input.kid) throw esignInvalid("unknown_kid", `The proof's kid is not ${input.kid}.`, "/proof");
  const expected = proofPayload(input.kid, caller.principal);
  if (Buffer.from(jws.payload, "base64url").toString("utf8") !== expected) {
    throw esignInvalid("mismatch", `The proof's payload must be ${expected}`, "/proof");
  }
  await verifyJws(jws, expected, { alg, jwk }, "/proof");
}

/** What the database sees and we do not: points that are no key, and time by its clock. */
function refusedByDatabase(input: SigningKeyInput, error: unknown): unknown {
  const place =
    "webauthn" in input ? { key: "/webauthn/public_key", proof: "/webauthn" } : { key: "/jwk", proof: "/proof" };
  switch (violatedConstraint(error)) {
    case "key_sound":
      return esignInvalid("unsound_key", "The key is not a point that can be a public key.", place.key, error);
    case "key_proof":
      return esignInvalid("mismatch", "The proof is not by this key over these bytes.", place.proof, error);
    case "validity":
      return invalid("/valid_until", "must be later than valid_from");
    case "validity_length":
      return invalid("/valid_until", "must be within five years of valid_from");
    case "key_of_sovereign":
      return esignInvalid("signer_not_sovereign", "Only an active sovereign registers a signing key.", "", error);
    default:
      return error;
  }
}

function invalid(pointer: string, detail: string): Error {
  return new ServiceProblem("INVALID_REQUEST", `${pointer} ${detail}.`, { errors: [{ pointer, detail }] });
}
