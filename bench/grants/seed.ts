import { executor, onceAs, type Place } from "./place.ts";

const digest = `sha256:${"0".repeat(64)}`;

/** What a grant of the bench is bound to; each has a plan of its own, as grants have. */
export function bindingsOf(planId: string) {
  return {
    mode: "dry-run",
    carrier: "C1",
    plan_id: planId,
    plan_revision: "1",
    manifest_digest: digest,
    schema_digest: digest,
    environment: "rehearsal",
    executor,
    action_set: ["staging_consume"],
    rollback_plan_ref: "bench",
  };
}

let series = 0;

/** Active grants, each for a plan and a target of its own. @returns the codes; each is also its plan's name */
export async function seed(place: Pick<Place, "superUrl">, count: number): Promise<string[]> {
  const prefix = `B${(series += 1)}`;
  const { mode: _, rollback_plan_ref: __, plan_id: ___, ...scope } = bindingsOf("");
  await onceAs(
    place.superUrl,
    `INSERT INTO principals (principal, roles) VALUES ('bench-requester', '{requester}') ON CONFLICT DO NOTHING`,
  );
  const content = JSON.stringify({ bench: prefix });
  await onceAs(
    place.superUrl,
    `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum, requested_by, decide_by)
     SELECT $1 || '-' || n, 'sha256:' || encode(sha256(convert_to($2, 'UTF8')), 'hex'), $2, 'bench', 'authorize_build_step', 'high', 1, 0,
            'bench-requester', clock_timestamp() + interval '1 hour' FROM generate_series(1, $3::int) AS n`,
    [prefix, content, count],
  );
  await onceAs(
    place.superUrl,
    `INSERT INTO principals (principal, roles) VALUES ('bench-approver', '{approver}') ON CONFLICT DO NOTHING`,
  );
  await onceAs(
    place.superUrl,
    `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason)
     SELECT apr_code, 'bench-approver', 'approve', apr_digest, false, 'bench' FROM approval_requests WHERE apr_code LIKE $1 || '-%'`,
    [prefix],
  );
  await onceAs(place.superUrl, "UPDATE approval_requests SET status = 'approved' WHERE apr_code LIKE $1 || '-%'", [
    prefix,
  ]);
  const rows = await onceAs<{ auth_code: string }>(
    place.superUrl,
    `INSERT INTO governance_build_authorization
       (auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, approval_ref, evidence,
        status, granted_at, granted_by, created_by, expires_at)
     SELECT 'GBA-C1-' || apr_code, apr_code, 'dry-run',
            $2::jsonb || jsonb_build_object('target', apr_code, 'plan_id', 'GBA-C1-' || apr_code), 'bench', false, false, '{}', '{}',
            'active', now, 'bench', 'bench', now + interval '1 hour'
       FROM approval_requests, clock_timestamp() AS now WHERE apr_code LIKE $1 || '-%' RETURNING auth_code`,
    [prefix, JSON.stringify({ ...scope, namespace: "DRYRUN-NS", axis: "dot:c1:vocab" })],
  );
  await onceAs(
    place.superUrl,
    "VACUUM ANALYZE governance_build_authorization, approval_requests, grant_receipts, audit_events",
  );
  return rows.map((row) => row.auth_code);
}
