import type { Tx } from "../../database/index.ts";
import type { KeptSignature, StoredAssertion } from "../../signatures/index.ts";

export interface SignatureRow extends StoredAssertion {
  signer: string;
  kid: string;
  alg: "EdDSA" | "ES256";
  jwk: unknown;
  key_valid_from: Date;
  key_valid_until: Date;
  confirmed_by: string;
  confirmed_at: Date;
  payload: string;
  /** Null where a passkey has signed. */
  jws: string | null;
  signed_at: Date;
  /** As it is now, not as it was. */
  key_revoked_at: Date | null;
}

/** The bytes to sign, as the database makes them out of the grant and its request (ESIGN-1). */
export async function signingPayload(tx: Tx, authCode: string): Promise<string> {
  const { rows } = await tx.query<{ payload: string }>(
    "SELECT grant_signing_payload(g) AS payload FROM governance_build_authorization g WHERE auth_code = $1",
    [authCode],
  );
  const payload = rows[0]?.payload;
  if (payload === undefined) throw new Error(`there is no payload for ${authCode}`);
  return payload;
}

/** Stores the signature with its key as it is now; the database verifies it once more. */
export async function insertSignature(
  tx: Tx,
  signature: { authCode: string; esignRef: string; kid: string; payload: string; kept: KeptSignature },
): Promise<void> {
  const { jws, assertion } = { jws: null, assertion: null, ...signature.kept };
  await tx.query(
    `INSERT INTO grant_signatures (auth_code, esign_ref, signer, kid, alg, jwk, key_valid_from, key_valid_until, confirmed_by,
                                   confirmed_at, payload, jws, authenticator_data, client_data_json, assertion_signature, signed_at)
     SELECT $1, $2, k.principal, k.kid, k.alg, k.jwk, k.valid_from, k.valid_until, k.confirmed_by, k.confirmed_at, $4, $5,
            $6, $7, $8, clock_timestamp()
       FROM signing_keys k WHERE k.kid = $3`,
    [
      signature.authCode,
      signature.esignRef,
      signature.kid,
      signature.payload,
      jws,
      assertion?.authenticatorData ?? null,
      assertion?.clientDataJson ?? null,
      assertion?.signature ?? null,
    ],
  );
}

export async function findSignature(tx: Tx, authCode: string): Promise<SignatureRow | undefined> {
  const { rows } = await tx.query<SignatureRow>(
    `SELECT s.signer, s.kid, s.alg, s.jwk, s.key_valid_from, s.key_valid_until, s.confirmed_by, s.confirmed_at, s.payload,
            s.jws, s.authenticator_data, s.client_data_json, s.assertion_signature, s.signed_at, k.rp_id,
            k.revoked_at AS key_revoked_at
       FROM grant_signatures s JOIN signing_keys k USING (kid) WHERE s.auth_code = $1`,
    [authCode],
  );
  return rows[0];
}
