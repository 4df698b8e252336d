import { executor } from "./place.ts";

/** What is asked of a service, and done by those that it is compared with. */
export type What = "verify" | "consume" | "mint";

const grant = "governance_build_authorization";
const key = `(SELECT k.revoked_at FROM grant_signatures s JOIN signing_keys k USING (kid) WHERE s.auth_code = ${grant}.auth_code) AS signature_key_revoked_at`;
const columns = `auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign,
  sovereign_esign_ref, approval_ref, evidence, status, granted_at, granted_by, expires_at, consumed_at, consumed_by,
  idempotency_root, revoked_at, revoked_by, revoked_reason, ${key}`;
const onHold = (row: string): string =>
  `EXISTS (SELECT FROM registration_holds h WHERE h.lifted_at IS NULL
    AND (h.environment IS NULL OR h.environment = ${row}.scope ->> 'environment')) AS on_hold`;

/**
 * The statements of the service for one that goes alone, less who asks and what is said: neither the token nor the signature is
 * looked at, and nothing is judged. Several are one transaction. `$1` is the code of the grant, or of the request for a mint; each
 * statement must meet one row, but for those that look for what is in the way.
 */
export const statements: Readonly<Record<What, readonly Statement[]>> = {
  verify: [
    {
      rows: 1,
      text: `SELECT candidate.*, ${onHold("candidate")}, clock_timestamp() AS now FROM (
               SELECT auth_code, request_ref, mode, scope, rollback_plan_ref, status, granted_at, expires_at, evidence, ${key}
                 FROM ${grant} WHERE scope ->> 'carrier' = 'C1' AND scope ->> 'plan_id' = $1 AND status IN ('draft', 'active')
                ORDER BY granted_at DESC LIMIT 200) AS candidate`,
    },
  ],
  consume: [
    {
      rows: 1,
      text: `WITH gate AS MATERIALIZED (SELECT pass_hold_gate()),
                  locked AS MATERIALIZED (SELECT ${columns} FROM ${grant}, gate WHERE auth_code = $1 FOR UPDATE OF ${grant})
             SELECT locked.*, ${onHold("locked")}, clock_timestamp() AS now FROM locked`,
    },
    {
      rows: 1,
      text: `UPDATE ${grant} SET status = 'consumed', consumed_at = now, consumed_by = '${executor}', idempotency_root = $1
               FROM clock_timestamp() AS now WHERE auth_code = $1 AND status = (SELECT 'active')
             RETURNING auth_code, status, expires_at, consumed_at, consumed_by, idempotency_root`,
    },
    {
      rows: 1,
      text: `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root)
             SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM ${grant} WHERE auth_code = $1`,
    },
    {
      rows: 1,
      text: `INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after, digests)
             VALUES ('${executor}', 'bench', 'grant.consumed', 'grant', $1, '{"status": "active"}', '{"status": "consumed"}', '{}')`,
    },
  ],
  mint: [
    {
      rows: 1,
      text: `INSERT INTO sync_messages (message_id, apr_code, received_by) VALUES ('bench-' || $1::text, $1, 'bench-dispatcher')
             ON CONFLICT (message_id) DO NOTHING`,
    },
    {
      rows: 1,
      text: `WITH locked AS MATERIALIZED (
               SELECT apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum, requested_by,
                      created_at, decide_by, status, result, result_at, auth_code
                 FROM approval_requests WHERE apr_code = $1 FOR UPDATE)
             SELECT locked.*, clock_timestamp() AS now FROM locked`,
    },
    {
      rows: 3,
      text: `SELECT apr_code, voter, decision, council, reason, apr_digest, voted_at FROM apr_approvals
              WHERE apr_code = $1 ORDER BY voted_at, voter`,
    },
    {
      rows: 1,
      text: `SELECT action_code, handler_ref, risk_level, quorum, council_quorum, status, retired_at, created_at, updated_at
               FROM apr_action_types WHERE action_code = 'authorize_sovereign_build'`,
      bare: true,
    },
    {
      rows: 1,
      text: `SELECT scope_id, carrier, namespace, axis, target, environment, database, allowed_action_sets, lease_name,
                    rehearsal_required, status, created_at, created_by, retired_at, retired_by FROM scopes
              WHERE status = 'active' AND carrier = 'C1' AND namespace = 'PROD-NS' AND axis = 'dot:c1:vocab' AND target = $1
                AND environment = 'bench'`,
    },
    {
      rows: 0,
      text: `WITH locked AS MATERIALIZED (
               SELECT ${columns} FROM ${grant}
                WHERE mode = 'commit' AND scope ->> 'target' = $1 AND status IN ('draft', 'active') AND scope ->> 'environment' = 'bench'
                ORDER BY auth_code FOR UPDATE)
             SELECT locked.*, clock_timestamp() AS now FROM locked`,
    },
    { rows: 0, text: readGrant() },
    {
      rows: 1,
      text: `INSERT INTO ${grant} (auth_code, request_ref, mode, scope, rollback_plan_ref, approval_ref, evidence, granted_by, created_by,
                                   commit_allowed, requires_sovereign_esign, status, granted_at, expires_at)
             SELECT 'GBA-C1-' || apr_code, apr_code, 'commit',
                    (content::jsonb -> 'proposed_action') - '{plan_ref,rollback_plan_ref,step_name}'::text[]
                      || jsonb_build_object('database', 'default', 'lease_name', lower(apr_code)),
                    'bench', '{"quorum": "passed"}', '{"mode": "commit"}', 'bench', 'bench', true, true, 'draft', now, now + interval '2 hours'
               FROM approval_requests, date_trunc('milliseconds', clock_timestamp()) AS now WHERE apr_code = $1
             ON CONFLICT (auth_code) DO NOTHING`,
    },
    { rows: 1, text: readGrant() },
    {
      rows: 1,
      text: `INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after, digests)
             VALUES ('bench-dispatcher', 'bench', 'grant.minted', 'grant', 'GBA-C1-' || $1::text, NULL, '{"status": "draft"}', '{}')`,
    },
    {
      rows: 1,
      text: `UPDATE approval_requests
                SET result = 'OK', result_by = 'bench-dispatcher', result_at = clock_timestamp(), auth_code = 'GBA-C1-' || $1::text,
                    status = 'executed', status_at = clock_timestamp()
              WHERE apr_code = $1 AND status <> 'executed'`,
    },
    {
      rows: 1,
      text: `INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after, digests)
             VALUES ('bench-dispatcher', 'bench', 'approval_request.executed', 'approval_request', $1, NULL, '{"result": "OK"}', '{}')`,
    },
  ],
};

export interface Statement {
  readonly text: string;
  /** That it must meet. */
  readonly rows: number;
  /** It takes no code. */
  readonly bare?: true;
}

function readGrant(): string {
  return `SELECT ${columns}, ${onHold(grant)}, clock_timestamp() AS now FROM ${grant} WHERE auth_code = 'GBA-C1-' || $1::text`;
}
