import { createHash, randomUUID } from "node:crypto";
import type { Tx } from "../../src/database/index.ts";
import { type Answer, type Service, signed } from "./service.ts";

const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** The bindings of the example request; a consume of its grant sends them with a root. */
export function bindings(changes: Record<string, unknown> = {}) {
  return {
    mode: "dry-run",
    carrier: "C1",
    plan_id: "LEGO1-C1-CANOPVOCAB-PLAN",
    plan_revision: "3",
    manifest_digest: digest("manifest"),
    schema_digest: digest("schema"),
    environment: "rehearsal",
    executor: "c1-builder",
    action_set: ["staging_consume"],
    rollback_plan_ref: "DOT_C1_ROLLBACK_CHECK",
    ...changes,
  };
}

/** The request of the contract, under a code of its own; `action` changes `proposed_action`. */
export function approvalRequest(changes: Record<string, unknown> = {}, action: Record<string, unknown> = {}) {
  const { mode: _, action_set: __, ...bound } = bindings();
  return {
    apr_code: `APR-${randomUUID()}`,
    title: "Rehearse the C1 vocabulary build",
    justification: "Gate B evidence for the C1 vocabulary.",
    proposed_action_code: "authorize_build_step",
    risk: "high",
    commit: false,
    proposed_action: {
      ...bound,
      namespace: "DRYRUN-NS",
      axis: "dot:c1:vocab",
      target: "DOT_C1_VOCAB_BUILD",
      plan_ref: "plans/c1-vocabulary.yaml",
      step_name: "C1_VOCAB_BUILD",
      action_set: ["dot_iu_create_collection", "staging_consume"],
      ttl_seconds: 7_200,
      owner_principal: "vocabulary-owners",
      ...action,
    },
    ...changes,
  };
}

/** Posts the request and has both approvers approve it. @returns its code and digest */
export async function approve(
  service: Service,
  request = approvalRequest(),
): Promise<{ aprCode: string; digest: string }> {
  const posted = await expectStatus(
    service.call("POST", "/v1/approval-requests", { as: "requester", body: request }),
    201,
  );
  const aprDigest = posted.body["apr_digest"] as unknown as string;
  for (const voter of ["approver_1", "approver_2"] as const) {
    const vote = { decision: "approve", apr_digest: aprDigest, reason: "as discussed" };
    const path = `/v1/approval-requests/${request.apr_code}/votes`;
    await expectStatus(service.call("POST", path, { as: voter, body: vote }), 201);
  }
  return { aprCode: request.apr_code, digest: aprDigest };
}

/** Executes an approved request, freshly signed. */
export function execute(
  service: Service,
  request: { aprCode: string; digest: string },
  options: { headers?: Record<string, string>; query?: string } = {},
): Promise<Answer> {
  const raw = JSON.stringify({ apr_code: request.aprCode, apr_digest: request.digest });
  const path = `/v1/approval-requests/${request.aprCode}/execute${options.query ?? ""}`;
  return service.call("POST", path, { as: "dispatcher", raw, headers: { ...signed(raw), ...options.headers } });
}

/** A whole approval, down to the grant. @returns the grant's code */
export async function mintGrant(service: Service, request = approvalRequest()): Promise<string> {
  const approved = await approve(service, request);
  const minted = await expectStatus(execute(service, approved), 201);
  return minted.body["auth_code"] as unknown as string;
}

export function consume(service: Service, authCode: string, root: string, changes: Record<string, unknown> = {}) {
  const body = { ...bindings(), idempotency_root: root, ...changes };
  return service.call("POST", `/v1/grants/${authCode}/consume`, { as: "c1-builder", body });
}

/**
 * Puts active dry-run grants in with SQL, each for a target of its own, since over HTTP there is one live grant a
 * target: for tests that need many at once. Triggers and constraints are on.
 * @param ttl an SQL interval
 * @returns the codes, all bound as `bindings(changes)` says
 */
export async function seedGrants(
  tx: Tx,
  count: number,
  ttl = "1 hour",
  prefix = `SEED-${randomUUID()}`,
  changes: Record<string, unknown> = {},
): Promise<string[]> {
  const request = JSON.stringify(approvalRequest({ apr_code: prefix }));
  const { mode: _, action_set, rollback_plan_ref, ...scope } = bindings(changes);
  await tx.query(
    `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum, requested_by, decide_by)
     SELECT $1 || '-' || n, 'sha256:' || encode(sha256(convert_to($2, 'UTF8')), 'hex'), $2, 'seed', 'authorize_build_step', 'high', 1, 0,
            'requester', clock_timestamp() + interval '1 hour' FROM generate_series(1, $3::int) AS n`,
    [prefix, request, count],
  );
  await tx.query(
    `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason)
     SELECT apr_code, 'approver_1', 'approve', apr_digest, false, 'seed' FROM approval_requests WHERE apr_code LIKE $1 || '-%'`,
    [prefix],
  );
  await tx.query("UPDATE approval_requests SET status = 'approved' WHERE apr_code LIKE $1 || '-%'", [prefix]);
  const { rows } = await tx.query<{ auth_code: string }>(
    `INSERT INTO governance_build_authorization
       (auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, approval_ref, evidence,
        status, granted_at, granted_by, created_by, expires_at)
     SELECT 'GBA-C1-' || apr_code, apr_code, 'dry-run', $2::jsonb || jsonb_build_object('target', apr_code), $3, false, false, '{}', '{}',
            'active', now, 'seed', 'seed', now + $4::interval
       FROM approval_requests, clock_timestamp() AS now WHERE apr_code LIKE $1 || '-%' RETURNING auth_code`,
    [
      prefix,
      JSON.stringify({ ...scope, action_set, namespace: "DRYRUN-NS", axis: "dot:c1:vocab" }),
      rollback_plan_ref,
      ttl,
    ],
  );
  return rows.map((row) => row.auth_code);
}

export async function expectStatus(pending: Promise<Answer>, status: number): Promise<Answer> {
  const answer = await pending;
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer;
}
