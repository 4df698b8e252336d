import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { SigningKey } from "./schemas.ts";
import { keyStatus, type ShownKeyStatus } from "./states.ts";
import { showWebauthn } from "./stored.ts";
import { findKey, type KeyRow, selectKeys } from "./store.ts";

export interface KeyQuery {
  limit?: number;
  cursor?: string;
  principal?: string;
  status?: ShownKeyStatus;
}

/** Signing keys, the latest registered first. */
export async function listSigningKeys(tx: Tx, query: KeyQuery): Promise<PageOf<SigningKey>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectKeys(tx, { principal: query.principal, status: query.status }, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.kid], presentKey);
}

/** One signing key. @throws ServiceProblem NOT_FOUND */
export async function readSigningKey(tx: Tx, kid: string): Promise<SigningKey> {
  const row = await findKey(tx, kid);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no signing key ${kid}.`);
  return presentKey(row);
}

export function presentKey(row: KeyRow): SigningKey {
  const status = keyStatus(row, row.now);
  return {
    kid: row.kid,
    principal: row.principal,
    alg: row.alg,
    jwk: row.jwk,
    thumbprint: row.thumbprint,
    credential_id: row.credential_id,
    proof: row.proof,
    webauthn: showWebauthn({
      rp_id: row.rp_id,
      authenticator_data: row.proof_authenticator_data,
      client_data_json: row.proof_client_data_json,
      assertion_signature: row.proof_signature,
    }),
    status,
    usable: status === "active" && row.now.getTime() >= row.valid_from.getTime(),
    valid_from: row.valid_from.toISOString(),
    valid_until: row.valid_until.toISOString(),
    registered_at: row.registered_at.toISOString(),
    confirmed_at: row.confirmed_at?.toISOString() ?? null,
    confirmed_by: row.confirmed_by,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    revoked_by: row.revoked_by,
    revoked_reason: row.revoked_reason,
  };
}
