import { type Tx, violatedConstraint } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { esignInvalid, SignatureProblem } from "./errors.ts";
import { readJws, verifyJws } from "./jws.ts";
import { presentKey } from "./read.ts";
import type { Algorithm, PublicJwk, SigningKey, SigningKeyInput } from "./schemas.ts";
import { findKeyLike, insertKey } from "./store.ts";

const defaultSeconds = 365 * 86_400;

/** What the owner of a key signs with it, to show that it is theirs (ESIGN-4): RFC 8785 bytes. */
export function proofPayload(kid: string, principal: string): string {
  return canonicalJson({ kid, principal, purpose: "register-signing-key" });
}

/**
 * Registers the caller's own public key; a council member has to confirm it before it signs anything (ESIGN-4).
 * @throws SignatureProblem ESIGN_INVALID when the proof is not by this key; SIGNING_KEY_CONFLICT
 * @throws ServiceProblem INVALID_REQUEST for a key or a period that cannot be
 */
export async function registerKey(tx: Tx, caller: Caller, input: SigningKeyInput): Promise<SigningKey> {
  const { alg, jwk } = publicKeyOf(input);
  await checkProof(caller, input, alg, jwk);
  const row = await tx
    .savepoint(() =>
      insertKey(tx, {
        kid: input.kid,
        principal: caller.principal,
        alg,
        jwk,
        proof: input.proof,
        validFrom: input.valid_from,
        validUntil: input.valid_until,
        defaultSeconds,
      }),
    )
    .catch((error: unknown) => {
      throw refusedByDatabase(error);
    });
  if (row === undefined) {
    const taken = await findKeyLike(tx, input.kid, jwk);
    const which =
      taken === undefined || taken.kid === input.kid
        ? `The name ${input.kid} is taken.`
        : `This key is registered as ${taken.kid}.`;
    throw new SignatureProblem("SIGNING_KEY_CONFLICT", which);
  }
  await appendEvent(tx, caller, {
    action: "signing_key.registered",
    resourceType: "signing_key",
    resourceId: row.kid,
    after: {
      status: row.status,
      principal: row.principal,
      alg: row.alg,
      thumbprint: row.thumbprint,
      valid_from: row.valid_from.toISOString(),
      valid_until: row.valid_until.toISOString(),
    },
  });
  return presentKey(row);
}

/** The key as it is kept: its kind decides the algorithm, and nothing but the public numbers stays. */
function publicKeyOf({ kid, jwk }: SigningKeyInput): { alg: Algorithm; jwk: PublicJwk } {
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

async function checkProof(caller: Caller, input: SigningKeyInput, alg: Algorithm, jwk: PublicJwk): Promise<void> {
  const jws = readJws(input.proof, "/proof");
  if (jws.kid !== input.kid) throw esignInvalid("unknown_kid", `The proof's kid is not ${input.kid}.`, "/proof");
  const expected = proofPayload(input.kid, caller.principal);
  if (Buffer.from(jws.payload, "base64url").toString("utf8") !== expected) {
    throw esignInvalid("mismatch", `The proof's payload must be ${expected}`, "/proof");
  }
  await verifyJws(jws, expected, { alg, jwk }, "/proof");
}

/** What the database sees and we do not: points that are no key, and time by its clock. */
function refusedByDatabase(error: unknown): unknown {
  switch (violatedConstraint(error)) {
    case "key_sound":
      return esignInvalid("unsound_key", "The key is not a point that can be a public key.", "/jwk", error);
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
