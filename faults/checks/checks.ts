export type CheckName =
  | "double"
  | "lost"
  | "refused"
  | "late"
  | "stale"
  | "fence"
  | "audit"
  | "run"
  | "answer"
  | "well";

export interface Check {
  readonly name: CheckName;
  readonly what: string;
  /** Finds the violations: a row each, with one column `violation`. */
  readonly text: string;
}

/** One row for each attempt whose consumption was acknowledged as new, with the life of its grant. */
const uses = `uses AS (
  SELECT a.op, a.attempt, a.line AS asked_line, a.at AS asked_at, w.line AS answered_line, g.auth_code, g.expires_at, g.scope ->> 'environment' AS environment
    FROM asked a JOIN answered w USING (op, attempt) JOIN governance_build_authorization g USING (auth_code)
   WHERE a.kind = 'consume' AND w.outcome = 'ok' AND w.said ->> 'replayed' = 'false')`;

/**
 * What must hold of the database and the journal together, whatever happened. The same checks judge the service and the naive
 * consume of the control, so none of them may rest on what only the service has.
 */
export const checks: readonly Check[] = [
  {
    name: "double",
    what: "no grant is used twice",
    text: `SELECT 'two uses of ' || resource_id AS violation FROM audit_events WHERE action = 'grant.consumed' GROUP BY resource_id HAVING count(*) > 1
      UNION ALL SELECT 'two uses of ' || auth_code || ' were acknowledged: ' || string_agg(op, ', ') FROM operation
        WHERE kind = 'consume' AND known = 'ok' GROUP BY auth_code HAVING count(*) > 1
      UNION ALL SELECT op || ' was acknowledged as new more than once' FROM asked JOIN answered USING (op, attempt)
        WHERE kind = 'consume' AND outcome = 'ok' AND said ->> 'replayed' = 'false' GROUP BY op HAVING count(*) > 1
      UNION ALL SELECT op || ' has ' || action || ' more than once' FROM operation JOIN expected USING (kind) JOIN effect USING (op, action)
        -- An execution that is asked again says OK again, and that is on record too: what must be there once is its grant.
        WHERE kind <> 'execute' GROUP BY op, action HAVING count(*) > 1`,
  },
  {
    name: "lost",
    what: "nothing that was acknowledged is lost",
    text: `SELECT op || ' (' || o.kind || ') was acknowledged and is not there' AS violation FROM operation o
        WHERE known = 'ok' AND CASE kind
          WHEN 'consume' THEN NOT EXISTS (SELECT FROM governance_build_authorization g WHERE g.auth_code = o.auth_code AND g.status = 'consumed' AND g.idempotency_root = o.root)
          WHEN 'revoke' THEN NOT EXISTS (SELECT FROM governance_build_authorization g WHERE g.auth_code = o.auth_code AND g.revoked_reason = o.op)
          WHEN 'submit' THEN NOT EXISTS (SELECT FROM approval_requests r WHERE r.apr_code = o.request)
          WHEN 'vote' THEN NOT EXISTS (SELECT FROM apr_approvals v WHERE v.apr_code = o.request AND v.reason = o.op)
          WHEN 'execute' THEN NOT EXISTS (SELECT FROM approval_requests r WHERE r.apr_code = o.request AND r.status = 'executed')
          WHEN 'hold' THEN NOT EXISTS (SELECT FROM registration_holds h WHERE h.reason = o.op)
          WHEN 'lift' THEN NOT EXISTS (SELECT FROM registration_holds h WHERE h.id = o.hold::uuid AND h.lifted_reason = o.op)
          WHEN 'run' THEN NOT EXISTS (SELECT FROM c1_build_run r WHERE r.idempotency_root = o.root)
          ELSE false END
      UNION ALL SELECT op || ' (' || kind || ') was acknowledged and has no ' || action FROM operation o JOIN expected USING (kind)
        WHERE known = 'ok' AND kind IN ('renew', 'release', 'submit', 'vote', 'hold', 'lift', 'run')
          AND NOT EXISTS (SELECT FROM effect e WHERE e.op = o.op AND e.action = expected.action)`,
  },
  {
    name: "refused",
    what: "nothing that was refused has happened",
    text: `SELECT op || ' (' || kind || ') was refused and has ' || action AS violation FROM operation JOIN expected USING (kind) JOIN effect USING (op, action)
        WHERE known = 'refused'
      UNION ALL SELECT op || ' was refused and has used ' || auth_code FROM operation JOIN governance_build_authorization g USING (auth_code)
        WHERE kind = 'consume' AND known = 'refused' AND g.idempotency_root = root
      UNION ALL SELECT a.op || ' was refused after it had been acknowledged' FROM asked a JOIN answered w USING (op, attempt)
        WHERE w.outcome = 'refused' AND a.kind <> 'verify'
          AND EXISTS (SELECT FROM answered earlier WHERE earlier.op = a.op AND earlier.outcome = 'ok' AND earlier.line < a.line)
      UNION ALL SELECT op || ' got two receipts' FROM asked JOIN answered USING (op, attempt) WHERE kind = 'consume' AND outcome = 'ok'
        GROUP BY op HAVING count(DISTINCT said ->> 'consumed_at') > 1`,
  },
  {
    name: "late",
    what: "nothing is used after its expiry or its revocation, or under a hold",
    text: `WITH ${uses} SELECT auth_code || ' was used after its expiry' AS violation FROM governance_build_authorization WHERE consumed_at >= expires_at
      UNION ALL SELECT auth_code || ' was used and revoked' FROM governance_build_authorization WHERE consumed_at IS NOT NULL AND revoked_at IS NOT NULL
      UNION ALL SELECT op || ' was asked after the expiry and acknowledged' FROM uses WHERE asked_at >= expires_at
      UNION ALL SELECT u.op || ' was asked after ' || o.op || ' had been acknowledged, and acknowledged too' FROM uses u
        JOIN operation o ON o.auth_code = u.auth_code AND o.kind = 'revoke' AND o.known = 'ok'
        WHERE u.asked_line > (SELECT min(line) FROM answered w WHERE w.op = o.op AND w.outcome = 'ok')
      UNION ALL SELECT e.resource_id || ' was used under the hold ' || h.id FROM audit_events e
        JOIN governance_build_authorization g ON g.auth_code = e.resource_id
        JOIN registration_holds h ON (h.environment IS NULL OR h.environment = g.scope ->> 'environment')
         AND e.occurred_at >= h.placed_at AND e.occurred_at < coalesce(h.lifted_at, 'infinity')
        WHERE e.action = 'grant.consumed'
      UNION ALL SELECT u.op || ' was asked and acknowledged under the hold of ' || o.op FROM uses u
        JOIN operation o ON o.kind = 'hold' AND o.known = 'ok'
        JOIN LATERAL (SELECT min(w.line) AS stands_from, min(w.said ->> 'id') AS id FROM answered w WHERE w.op = o.op AND w.outcome = 'ok') placed ON true
        JOIN LATERAL (SELECT min(a.line) AS stands_until FROM asked a WHERE a.kind = 'lift' AND a.hold = placed.id) lifted ON true
        WHERE u.asked_line > stands_from AND u.answered_line < coalesce(stands_until, 2147483647)`,
  },
  {
    name: "stale",
    what: "nothing is found valid whose end was acknowledged before it was asked",
    text: `SELECT a.op || ' found ' || a.auth_code || ' valid after ' || o.op AS violation
        FROM asked a JOIN answered w USING (op, attempt) JOIN operation o ON o.auth_code = a.auth_code AND o.kind IN ('consume', 'revoke') AND o.known = 'ok'
       WHERE a.kind = 'verify' AND w.outcome = 'ok' AND a.line > (SELECT min(line) FROM answered e WHERE e.op = o.op AND e.outcome = 'ok')`,
  },
  {
    name: "fence",
    what: "fences rise by one with each acquisition, in the log and in the order that the client saw",
    text: `WITH taken AS (
        SELECT resource_id AS lease, (after ->> 'fencing_token')::bigint AS fence, row_number() OVER (PARTITION BY resource_id ORDER BY seq) AS number
          FROM audit_events WHERE action = 'lease.acquired'),
      seen AS (
        SELECT a.lease, a.op, min(a.line) AS asked_line, min(w.line) AS answered_line, min((w.said ->> 'fence')::bigint) AS fence, count(DISTINCT w.said ->> 'fence') AS fences
          FROM asked a JOIN answered w USING (op, attempt) WHERE a.kind = 'consume' AND a.lease IS NOT NULL AND w.outcome = 'ok' AND w.said ? 'fence' GROUP BY a.lease, a.op)
      SELECT 'acquisition ' || number || ' of ' || lease || ' has the fence ' || fence AS violation FROM taken WHERE fence <> number
      UNION ALL SELECT lease_name || ' is at ' || l.fencing_token || ' after ' || count(t.fence) || ' acquisitions' FROM dot_iu_runtime_lease l
        LEFT JOIN taken t ON t.lease = l.lease_name GROUP BY lease_name, l.fencing_token HAVING count(t.fence) <> l.fencing_token
      UNION ALL SELECT op || ' got two fences' FROM seen WHERE fences > 1
      UNION ALL SELECT later.op || ' got the fence ' || later.fence || ' after ' || earlier.op || ' had got ' || earlier.fence FROM seen earlier JOIN seen later USING (lease)
        WHERE later.asked_line > earlier.answered_line AND later.fence <= earlier.fence
      UNION ALL SELECT min(op) || ' and another got one fence' FROM seen GROUP BY lease, fence HAVING count(*) > 1`,
  },
  {
    name: "audit",
    what: "each transition has its event, and each event its transition",
    text: `WITH counted AS (
        SELECT resource_type, resource_id, action, count(*) AS times FROM audit_events
         WHERE action <> 'approval_request.executed' OR after ->> 'result' = 'OK' GROUP BY resource_type, resource_id, action)
      SELECT g.auth_code || ' is ' || g.status || ' with ' || coalesce(c.times, 0) || ' events' AS violation FROM governance_build_authorization g
        LEFT JOIN counted c ON c.resource_type = 'grant' AND c.resource_id = g.auth_code AND c.action = 'grant.' || g.status
        WHERE g.status IN ('consumed', 'revoked', 'expired') AND c.times IS DISTINCT FROM 1
      UNION ALL SELECT c.resource_id || ' has ' || c.action || ' and is ' || g.status FROM counted c JOIN governance_build_authorization g ON g.auth_code = c.resource_id
        WHERE c.resource_type = 'grant' AND c.action IN ('grant.consumed', 'grant.revoked', 'grant.expired') AND c.action <> 'grant.' || g.status
      UNION ALL SELECT h.id || ' has no event' FROM registration_holds h LEFT JOIN counted c ON c.resource_id = h.id::text AND c.action = 'hold.placed'
        WHERE c.times IS DISTINCT FROM 1
      UNION ALL SELECT h.id || ' was lifted with ' || coalesce(c.times, 0) || ' events' FROM registration_holds h
        LEFT JOIN counted c ON c.resource_id = h.id::text AND c.action = 'hold.lifted' WHERE coalesce(c.times, 0) <> (h.lifted_at IS NOT NULL)::integer
      UNION ALL SELECT r.apr_code || ' is ' || r.status || ' with ' || coalesce(c.times, 0) || ' events' FROM approval_requests r
        LEFT JOIN counted c ON c.resource_type = 'approval_request' AND c.resource_id = r.apr_code AND c.action = 'approval_request.executed'
        WHERE (c.times IS NOT NULL) <> (r.status = 'executed')
      UNION ALL SELECT c.resource_id || ' has ' || c.action || ' and is not there' FROM counted c
        WHERE c.action = 'hold.placed' AND NOT EXISTS (SELECT FROM registration_holds h WHERE h.id::text = c.resource_id)
           OR c.action LIKE 'grant.%' AND NOT EXISTS (SELECT FROM governance_build_authorization g WHERE g.auth_code = c.resource_id)`,
  },
  {
    name: "run",
    what: "each run that was acknowledged has ended, its progress without a gap and a rehearsal on record once",
    text: `SELECT r.idempotency_root || ' is ' || r.status || ' in ' || r.state AS violation FROM c1_build_run r WHERE finished_at IS NULL
      UNION ALL SELECT idempotency_root || ' has a gap in its progress' FROM c1_build_run_event GROUP BY idempotency_root HAVING max(seq) <> count(*)
      UNION ALL SELECT idempotency_root || ' has succeeded without its use or its rehearsal' FROM c1_build_run r
        WHERE status = 'succeeded' AND (r.mode = 'dry-run' AND NOT EXISTS (SELECT FROM rehearsals h WHERE h.idempotency_root = r.idempotency_root)
          OR NOT EXISTS (SELECT FROM governance_build_authorization g WHERE g.auth_code = r.auth_code AND g.status = 'consumed' AND g.idempotency_root = r.idempotency_root))
      UNION ALL SELECT auth_code || ' was worked on by two runs' FROM c1_build_run WHERE reserved GROUP BY auth_code HAVING count(*) > 1`,
  },
  {
    name: "answer",
    what: "every question is answered in the end, a fault never as an error of the service itself",
    text: `SELECT op || ' (' || kind || ') is unknown to the end' AS violation FROM operation WHERE known = 'unknown' AND kind <> 'verify'
      UNION ALL SELECT op || ' (' || kind || ') was answered ' || status || ' ' || coalesce(code, '') FROM asked JOIN answered USING (op, attempt) WHERE status = 500
      UNION ALL SELECT op || ' (' || kind || ') came whole and was answered ' || status || ' ' || coalesce(code, '') FROM asked JOIN answered USING (op, attempt)
        WHERE status = 400 AND NOT cut`,
  },
];
