import type { Tx } from "../../database/index.ts";

/**
 * What the log and the rows must agree in, since both are written in one transaction (AUDIT-1). Each question answers the
 * rows that contradict it. Rows of a time whose events were exported and detached are not asked for theirs.
 */
const questions: readonly { readonly what: string; readonly sql: string }[] = [
  {
    what: "a table that is only added to may be changed",
    sql: `SELECT t.name || '.' || g.name AS id
            FROM unnest(ARRAY['audit_events', 'grant_receipts', 'c1_build_run_event', 'plan_ledger', 'grant_signatures', 'apr_approvals']) AS t (name),
                 unnest(ARRAY['append_only', 'never_truncated']) AS g (name)
           WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('public.' || t.name) AND tgname = g.name AND tgenabled = 'A')`,
  },
  {
    what: "a used grant has no event of its use",
    sql: `SELECT auth_code AS id FROM governance_build_authorization g WHERE status = 'consumed' AND consumed_at >= audit_retained_until() AND NOT EXISTS (
            SELECT FROM audit_events e WHERE e.resource_type = 'grant' AND e.resource_id = g.auth_code AND e.action = 'grant.consumed'
               AND e.actor = g.consumed_by AND e.after ->> 'idempotency_root' = g.idempotency_root)`,
  },
  {
    what: "a use is in the log, and its grant is not used",
    sql: `SELECT e.resource_id AS id FROM audit_events e LEFT JOIN grant_receipts r ON r.auth_code = e.resource_id
           WHERE e.action = 'grant.consumed' GROUP BY e.resource_id HAVING count(r.auth_code) <> 1 OR count(*) <> 1`,
  },
  {
    what: "a used grant and its receipt do not agree",
    sql: `SELECT coalesce(g.auth_code, r.auth_code) AS id
            FROM (SELECT * FROM governance_build_authorization WHERE status = 'consumed') g FULL JOIN grant_receipts r USING (auth_code)
           WHERE (g.consumed_at, g.consumed_by, g.idempotency_root) IS DISTINCT FROM (r.consumed_at, r.consumed_by, r.idempotency_root)`,
  },
  {
    what: "a revoked grant has no event of its revocation",
    sql: `SELECT auth_code AS id FROM governance_build_authorization g WHERE status = 'revoked' AND revoked_at >= audit_retained_until() AND NOT EXISTS (
            SELECT FROM audit_events e WHERE e.resource_type = 'grant' AND e.resource_id = g.auth_code AND e.action = 'grant.revoked')`,
  },
  {
    what: "a used record has no event of its use",
    sql: `SELECT approval_code AS id FROM os_proposal_approvals a WHERE status = 'consumed' AND consumed_at >= audit_retained_until() AND NOT EXISTS (
            SELECT FROM audit_events e WHERE e.resource_type = 'proposal_approval' AND e.resource_id = a.approval_code
               AND e.action = 'proposal_approval.consumed')`,
  },
  {
    what: "a fence is not the last that the log has",
    sql: `SELECT lease_name AS id FROM dot_iu_runtime_lease l WHERE acquired_at >= audit_retained_until() AND fencing_token IS DISTINCT FROM (
            SELECT max((e.after ->> 'fencing_token')::bigint) FROM audit_events e
             WHERE e.resource_type = 'lease' AND e.resource_id = l.lease_name AND e.action IN ('lease.acquired', 'lease.fence_raised'))`,
  },
  {
    what: "a fence was given out twice",
    sql: `SELECT resource_id AS id FROM audit_events WHERE action = 'lease.acquired'
           GROUP BY resource_id HAVING count(*) <> count(DISTINCT after ->> 'fencing_token')`,
  },
  {
    what: "a hold and the log do not agree",
    sql: `SELECT h.id::text AS id FROM registration_holds h WHERE
            (h.placed_at >= audit_retained_until() AND NOT EXISTS (
              SELECT FROM audit_events e WHERE e.resource_type = 'hold' AND e.resource_id = h.id::text AND e.action = 'hold.placed'))
            OR (coalesce(h.lifted_at >= audit_retained_until(), true) AND (h.lifted_at IS NOT NULL) <> EXISTS (
              SELECT FROM audit_events e WHERE e.resource_type = 'hold' AND e.resource_id = h.id::text AND e.action = 'hold.lifted'))`,
  },
  {
    what: "a request is not what its digest says",
    sql: `SELECT apr_code AS id FROM approval_requests
           WHERE apr_digest <> 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex')`,
  },
  {
    what: "a run's progress has a gap",
    sql: `SELECT r.idempotency_root AS id FROM c1_build_run r LEFT JOIN c1_build_run_event e USING (idempotency_root)
           GROUP BY r.idempotency_root, r.event_seq HAVING r.event_seq <> count(e.seq) OR r.event_seq <> coalesce(max(e.seq), 0)`,
  },
  {
    what: "a plan's ledger has a gap",
    sql: "SELECT plan_id AS id FROM plan_ledger GROUP BY plan_id HAVING max(seq) <> count(*) OR min(seq) <> 1",
  },
];

/** One thing that does not agree, with the first of those that it was found in. */
export interface Contradiction {
  readonly what: string;
  readonly count: number;
  readonly examples: readonly string[];
}

export async function contradictions(tx: Tx): Promise<Contradiction[]> {
  const found: Contradiction[] = [];
  for (const { what, sql } of questions) {
    const { rows } = await tx.query<{ count: number; examples: string[] | null }>(
      `SELECT count(*)::int AS count, (array_agg(id ORDER BY id))[1:5] AS examples FROM (${sql}) AS contradicting`,
    );
    const [row] = rows;
    if (row !== undefined && row.count > 0) found.push({ what, count: row.count, examples: row.examples ?? [] });
  }
  return found;
}

/** How much there is of the log. */
export async function extentOfLog(tx: Tx): Promise<{ events: number; first: number | null; last: number | null }> {
  const { rows } = await tx.query<{ events: string; first: string | null; last: string | null }>(
    "SELECT count(*) AS events, min(seq) AS first, max(seq) AS last FROM audit_events",
  );
  const { events = 0, first = null, last = null } = rows[0] ?? {};
  return {
    events: Number(events),
    first: first === null ? null : Number(first),
    last: last === null ? null : Number(last),
  };
}
