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

/** What is open now: counts, and ages in seconds by the database's clock; 0 where there is nothing. */
export interface OpenRow {
  holds: number;
  /** Runs that somebody has to work on, and those whose claim has run out. */
  runs_under_way: number;
  runs_unclaimed: number;
  runs_indeterminate: number;
  oldest_run_seconds: number;
  live_grants: number;
  drafts: number;
  /** Longest overdue of what the sweeper has yet to mark. */
  sweeper_lag_seconds: number;
  open_incidents: number;
}

const seconds = (since: string): string =>
  `coalesce(greatest(extract(epoch FROM clock_timestamp() - ${since}), 0), 0)::float8`;

/** Over partial indexes of what is open; history costs nothing. */
export async function standing(tx: Tx): Promise<OpenRow> {
  const { rows } = await tx.query<OpenRow>(
    `SELECT (SELECT count(*)::int FROM registration_holds WHERE lifted_at IS NULL) AS holds,
            (SELECT count(*)::int FROM lifecycle_incidents WHERE status = 'open') AS open_incidents,
            runs.*, grants.live_grants, grants.drafts,
            greatest(${seconds("grants.first")}, ${seconds("requests.first")}) AS sweeper_lag_seconds
       FROM (SELECT count(*)::int AS runs_under_way, (count(*) FILTER (WHERE claimed_until < clock_timestamp()))::int AS runs_unclaimed,
                    (count(*) FILTER (WHERE status = 'indeterminate'))::int AS runs_indeterminate,
                    ${seconds("min(created_at)")} AS oldest_run_seconds
               FROM c1_build_run WHERE status IN ('running', 'compensating', 'indeterminate')) AS runs,
            (SELECT count(*)::int AS live_grants, (count(*) FILTER (WHERE status = 'draft'))::int AS drafts, min(expires_at) AS first
               FROM governance_build_authorization WHERE status IN ('draft', 'active')) AS grants,
            (SELECT min(decide_by) AS first FROM approval_requests WHERE status IN ('open', 'approved')) AS requests`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("an aggregate answers one row");
  return row;
}
