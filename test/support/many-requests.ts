import pg from "pg";
import type { TestDatabase } from "./cluster.ts";

/** How many of the oldest requests are of a plan that nobody uses any more. */
export const ofOldPlan = 500;

const content = `json_build_object('apr_code', code, 'proposed_action', json_build_object(
  'action_set', '["staging_consume"]'::json, 'carrier', 'C1', 'environment', environment, 'executor', 'c1-builder',
  'plan_id', plan, 'target', target))::text`;

/**
 * Fills in a history of requests with SQL, five seconds apart: 85 of 100 executed, the others expired or rejected, the newest
 * hundred open. One in a hundred is of the plan NIGHTLY, one in ten thousand for production, one in five thousand sovereign.
 * The guard is away meanwhile, since none of them was ever open.
 */
export async function fillRequests(names: TestDatabase, count: number, from = 1): Promise<void> {
  const client = new pg.Client({ connectionString: names.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("ALTER TABLE approval_requests DISABLE TRIGGER guard_approval_request");
    await client.query(
      `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum,
                                      requested_by, created_at, decide_by, status, result, result_at, result_by, auth_code)
       SELECT code, 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex'), content, title, 'authorize_build_step', risk,
              2, 0, 'requester', made, CASE status WHEN 'open' THEN clock_timestamp() + interval '7 days' ELSE made + interval '7 days' END,
              status, result, CASE WHEN result = 'OK' THEN made END, CASE WHEN result = 'OK' THEN 'dispatcher' END,
              CASE WHEN result = 'OK' THEN 'GBA-C1-' || code END
         FROM (SELECT *, CASE status WHEN 'executed' THEN 'OK' END AS result, ${content} AS content
                 FROM (SELECT 'H-' || lpad(n::text, 9, '0') AS code,
                              'Rehearse the build ' || n || CASE n % 1000 WHEN 7 THEN ' of the Đồng vocabulary' ELSE '' END AS title,
                              CASE WHEN n <= ${ofOldPlan} THEN 'OLD' WHEN n % 100 = 0 THEN 'NIGHTLY' ELSE 'PLAN-' || n % 5000 END AS plan,
                              'T-' || n % 1000 AS target,
                              CASE n % 10000 WHEN 9 THEN 'production' ELSE 'rehearsal' END AS environment,
                              CASE n % 5000 WHEN 8 THEN 'sovereign' ELSE 'high' END AS risk,
                              CASE WHEN n > $2::int - 100 THEN 'open' WHEN n % 100 < 85 THEN 'executed'
                                   WHEN n % 100 < 93 THEN 'expired' ELSE 'rejected' END AS status,
                              clock_timestamp() - interval '5 seconds' * ($2::int - n) AS made
                         FROM generate_series($1::int, $2::int) AS n OFFSET 0) AS given OFFSET 0) AS filled`,
      [from, from + count - 1],
    );
    await client.query("ALTER TABLE approval_requests ENABLE ALWAYS TRIGGER guard_approval_request");
    await client.query("COMMIT");
    await client.query("VACUUM (ANALYZE) approval_requests, approval_request_terms");
  } finally {
    await client.end();
  }
}
