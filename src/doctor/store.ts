import type { Tx } from "../database/index.ts";

export interface LiveGrantRow {
  auth_code: string;
  executor: string;
  can_execute: boolean;
  voted: boolean;
}

export interface UndecidedRow {
  apr_code: string;
  quorum: number;
  council_quorum: number;
  /** Approvals on record, and people who may still vote. */
  reachable: number;
  council_reachable: number;
  executor: string | null;
  executor_exists: boolean;
}

const canExecute =
  "EXISTS (SELECT FROM principals p WHERE p.principal = e.executor AND p.status = 'active' AND 'executor' = ANY (p.roles))";

/** Live grants, with whether their executor is somebody who may execute. */
export async function liveGrants(tx: Tx): Promise<LiveGrantRow[]> {
  const { rows } = await tx.query<LiveGrantRow>(
    `SELECT g.auth_code, e.executor, ${canExecute} AS can_execute,
            EXISTS (SELECT FROM apr_approvals v WHERE v.apr_code = g.request_ref AND v.voter = e.executor) AS voted
       FROM governance_build_authorization g, LATERAL (SELECT g.scope ->> 'executor' AS executor) AS e
      WHERE g.status IN ('draft', 'active') AND g.expires_at > clock_timestamp() ORDER BY g.auth_code LIMIT 1000`,
  );
  return rows;
}

/** Open requests, with how many approvals they have or could still get. */
export async function undecidedRequests(tx: Tx): Promise<UndecidedRow[]> {
  const { rows } = await tx.query<UndecidedRow>(
    `SELECT r.apr_code, r.quorum, r.council_quorum, e.executor, e.executor IS NULL OR ${canExecute} AS executor_exists,
            (cast_votes.all_votes + able.people)::int AS reachable, (cast_votes.council_votes + able.council)::int AS council_reachable
       FROM approval_requests r
       CROSS JOIN LATERAL (SELECT r.content::jsonb #>> '{proposed_action,executor}' AS executor) AS e
       CROSS JOIN LATERAL (SELECT count(*) AS all_votes, count(*) FILTER (WHERE council) AS council_votes
                             FROM apr_approvals v WHERE v.apr_code = r.apr_code AND v.decision = 'approve') AS cast_votes
       CROSS JOIN LATERAL (SELECT count(*) AS people, count(*) FILTER (WHERE 'council' = ANY (p.roles)) AS council
                             FROM principals p
                            WHERE p.status = 'active' AND p.roles && ARRAY['approver', 'council']
                              AND p.principal <> r.requested_by AND p.principal IS DISTINCT FROM e.executor
                              AND NOT EXISTS (SELECT FROM apr_approvals v WHERE v.apr_code = r.apr_code AND v.voter = p.principal)) AS able
      WHERE r.status = 'open' AND r.decide_by > clock_timestamp() ORDER BY r.created_at LIMIT 1000`,
  );
  return rows;
}

/** Milliseconds since 1970 by the database's clock. */
export async function databaseClock(tx: Tx): Promise<number> {
  const { rows } = await tx.query<{ ms: number }>("SELECT 1000 * extract(epoch FROM clock_timestamp())::float8 AS ms");
  return rows[0]?.ms ?? 0;
}

export interface OverdueCounts {
  grants: number;
  requests: number;
}

/** What the sweeper should have marked a minute ago and has not. */
export async function overdueCounts(tx: Tx): Promise<OverdueCounts> {
  const { rows } = await tx.query<OverdueCounts>(
    `SELECT (SELECT count(*)::int FROM governance_build_authorization
              WHERE status IN ('draft', 'active') AND expires_at < clock_timestamp() - interval '1 minute') AS grants,
            (SELECT count(*)::int FROM approval_requests
              WHERE status IN ('open', 'approved') AND decide_by < clock_timestamp() - interval '1 minute') AS requests`,
  );
  return rows[0] ?? { grants: 0, requests: 0 };
}
