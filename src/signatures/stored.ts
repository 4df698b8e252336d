import type { WebauthnSignature } from "./schemas.ts";
import { showAssertion } from "./webauthn/index.ts";

/** The columns that a table keeps an assertion in, with the relying party of its key; all null where the key signs by JWS. */
export interface StoredAssertion {
  rp_id: string | null;
  authenticator_data: Buffer | null;
  client_data_json: Buffer | null;
  assertion_signature: Buffer | null;
}

/** An assertion as it is shown; null where there is none. */
export function showWebauthn(stored: StoredAssertion): WebauthnSignature | null {
  const { rp_id, authenticator_data, client_data_json, assertion_signature } = stored;
  if (rp_id === null || authenticator_data === null || client_data_json === null || assertion_signature === null) {
    return null;
  }
  const shown = showAssertion({
    authenticatorData: authenticator_data,
    clientDataJson: client_data_json,
    signature: assertion_signature,
  });
  return { rp_id, ...shown };
}
