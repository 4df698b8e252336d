import type { Tx } from "../database/index.ts";
import { digestOfBytes } from "../kernel/json.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import { showWebauthn } from "../signatures/index.ts";
import { findSignature, type SignatureRow } from "./esign/store.ts";
import type { Grant, Signature } from "./schemas.ts";
import { type GrantStatus, grantStatus } from "./states.ts";
import { selectGrants } from "./lists/store.ts";
import { findGrant, type GrantRow } from "./store.ts";

export interface GrantQuery {
  limit?: number;
  cursor?: string;
  status?: GrantStatus;
  request_ref?: string;
  target?: string;
  environment?: string;
  executor?: string;
  plan_id?: string;
  q?: string;
}

/** One grant, its status as of now, with its signature where it has one. @throws ServiceProblem NOT_FOUND */
export async function readGrant(tx: Tx, authCode: string): Promise<Grant> {
  const row = await findGrant(tx, authCode);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);
  return presentWithSignature(tx, row);
}

/** A commit-mode grant with the signature that made it active, or null while it has none (ESIGN-3). */
export async function presentWithSignature(tx: Tx, row: GrantRow): Promise<Grant> {
  if (row.mode !== "commit") return presentGrant(row);
  const signature = await findSignature(tx, row.auth_code);
  return { ...presentGrant(row), signature: signature === undefined ? null : presentSignature(signature) };
}

function presentSignature(row: SignatureRow): Signature {
  return {
    signer: row.signer,
    kid: row.kid,
    alg: row.alg,
    jwk: row.jwk,
    key_valid_from: row.key_valid_from.toISOString(),
    key_valid_until: row.key_valid_until.toISOString(),
    key_confirmed_by: row.confirmed_by,
    key_confirmed_at: row.confirmed_at.toISOString(),
    key_revoked_at: row.key_revoked_at?.toISOString() ?? null,
    payload: row.payload,
    payload_digest: digestOfBytes(row.payload),
    jws: row.jws,
    webauthn: showWebauthn(row),
    signed_at: row.signed_at.toISOString(),
  };
}

/** Grants, newest first. */
export async function listGrants(tx: Tx, query: GrantQuery): Promise<PageOf<Grant>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectGrants(
    tx,
    {
      status: query.status,
      requestRef: query.request_ref,
      target: query.target,
      environment: query.environment,
      executor: query.executor,
      planId: query.plan_id,
      search: query.q,
    },
    page,
  );
  return pageOf(rows, page.limit, (row) => [row.position, row.auth_code], presentGrant);
}

export function presentGrant(row: GrantRow): Grant {
  const { carrier, namespace, axis, target, environment, plan_id, plan_revision, manifest_digest, schema_digest } =
    row.scope;
  return {
    auth_code: row.auth_code,
    status: grantStatus(row, row.now),
    mode: row.mode,
    request_ref: row.request_ref,
    bindings: {
      carrier,
      namespace,
      axis,
      target,
      environment,
      plan_id,
      plan_revision,
      manifest_digest,
      schema_digest,
      executor: row.scope.executor,
      action_set: [...row.scope.action_set],
      rollback_plan_ref: row.rollback_plan_ref,
      ...(row.scope.database === undefined ? {} : { database: row.scope.database }),
      ...(row.scope.lease_name === undefined ? {} : { lease_name: row.scope.lease_name }),
    },
    commit_allowed: row.commit_allowed,
    requires_sovereign_esign: row.requires_sovereign_esign,
    sovereign_esign_ref: row.sovereign_esign_ref,
    approval_ref: row.approval_ref,
    evidence: row.evidence,
    granted_at: row.granted_at.toISOString(),
    granted_by: row.granted_by,
    expires_at: row.expires_at.toISOString(),
    consumed_at: row.consumed_at?.toISOString() ?? null,
    consumed_by: row.consumed_by,
    idempotency_root: row.idempotency_root,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    revoked_by: row.revoked_by,
    revoked_reason: row.revoked_reason,
  };
}
