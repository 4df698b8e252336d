import pg from "pg";
import { onceAs } from "../grants/place.ts";
import { executor, requester, voters } from "./place.ts";

/** The tables that grow with every grant. */
export const growing = [
  "approval_requests",
  "approval_request_terms",
  "apr_approvals",
  "governance_build_authorization",
  "grant_receipts",
  "audit_events",
  "sync_messages",
] as const;

/**
 * What a grant of the history is like; `n` is its number, and the same for all that belongs to it. `OFFSET 0` has PostgreSQL
 * work each value out once, and not wherever it is used.
 */
const grantOf = `
  SELECT n, 'H-' || lpad(n::text, 9, '0') AS code, plan, 'T-' || n % 1000 AS target,
         'sha256:' || encode(sha256(convert_to(plan, 'UTF8')), 'hex') AS manifest,
         CASE WHEN n % 100 < 85 THEN 'consumed' WHEN n % 100 < 93 THEN 'expired' ELSE 'revoked' END AS status,
         timestamptz '2024-06-01 00:00+00' + n * interval '5 seconds' AS made
    FROM (SELECT n, CASE WHEN n % 100 = 0 THEN 'NIGHTLY' ELSE 'PLAN-' || n END AS plan
            FROM generate_series($1::bigint + 1, $2::bigint) AS n OFFSET 0) AS numbered OFFSET 0`;

const scope = `jsonb_build_object('carrier', 'C1', 'namespace', 'DRYRUN-NS', 'axis', 'dot:c1:vocab', 'target', target,
  'environment', 'rehearsal', 'plan_id', plan, 'plan_revision', '1', 'manifest_digest', manifest, 'schema_digest', manifest,
  'executor', '${executor}', 'action_set', '["dot_iu_create_collection", "staging_consume"]'::jsonb)`;

const content = `json_build_object('apr_code', code, 'commit', false,
  'justification', 'Gate B evidence.', 'proposed_action', json_build_object(
    'action_set', '["dot_iu_create_collection", "staging_consume"]'::json, 'axis', 'dot:c1:vocab', 'carrier', 'C1',
    'environment', 'rehearsal', 'executor', '${executor}', 'manifest_digest', manifest, 'namespace', 'DRYRUN-NS', 'plan_id', plan,
    'plan_ref', 'plans/c1-vocabulary.yaml', 'plan_revision', '1', 'rollback_plan_ref', 'DOT_C1_ROLLBACK_CHECK',
    'schema_digest', manifest, 'step_name', 'C1_VOCAB_BUILD', 'target', target),
  'proposed_action_code', 'authorize_build_step', 'risk', 'high', 'title', 'Rehearse the build ' || n)::text`;

/** Each fills one table (or two that are small) for the numbers from $1 (without it) to $2. */
const statements: readonly string[] = [
  // A fiftieth as many again were rejected and have no grant.
  `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum,
                                  requested_by, created_at, decide_by, status, status_at, result, result_at, result_by, auth_code)
   SELECT code, 'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex'), content, 'Rehearse the build ' || n,
          'authorize_build_step', 'high', 2, 0, '${requester}', made - interval '1 hour', made + interval '7 days',
          CASE WHEN granted THEN 'executed' ELSE 'rejected' END, made, CASE WHEN granted THEN 'OK' END,
          CASE WHEN granted THEN made END, CASE WHEN granted THEN 'growth-dispatcher' END, CASE WHEN granted THEN 'GBA-C1-' || code END
     FROM (SELECT *, ${content} AS content
             FROM (SELECT n, code || CASE WHEN granted THEN '' ELSE '-no' END AS code, plan, manifest, target, made, granted
                     FROM (${grantOf}) AS g, (VALUES (true), (false)) AS twin (granted) WHERE granted OR n % 50 = 0) AS given OFFSET 0) AS made`,
  `INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason, voted_at)
   SELECT code, voter, 'approve', manifest, false, 'as discussed', made - interval '30 minutes'
     FROM (${grantOf}) AS g, unnest('{${voters[0]},${voters[1]}}'::text[]) AS voter`,
  `INSERT INTO governance_build_authorization
     (auth_code, request_ref, mode, scope, rollback_plan_ref, commit_allowed, requires_sovereign_esign, approval_ref, evidence,
      status, granted_at, granted_by, created_by, expires_at, consumed_at, consumed_by, idempotency_root, revoked_at, revoked_by,
      revoked_reason, expired_at)
   SELECT 'GBA-C1-' || code, code, 'dry-run', ${scope}, 'DOT_C1_ROLLBACK_CHECK', false, false,
          jsonb_build_object('apr_code', code, 'quorum', 'passed', 'manifest_hash', manifest),
          jsonb_build_object('plan_ref', 'plans/c1-vocabulary.yaml', 'manifest_hash', manifest, 'step_name', 'C1_VOCAB_BUILD', 'mode', 'dry-run'),
          status, made, 'dot-apr-execute:authorize_build_step', 'dot-apr-execute:authorize_build_step', made + interval '2 hours',
          CASE status WHEN 'consumed' THEN made + interval '5 minutes' END, CASE status WHEN 'consumed' THEN '${executor}' END,
          CASE status WHEN 'consumed' THEN 'root-' || n END, CASE status WHEN 'revoked' THEN made + interval '5 minutes' END,
          CASE status WHEN 'revoked' THEN 'growth-operator' END, CASE status WHEN 'revoked' THEN 'not needed' END,
          CASE status WHEN 'expired' THEN made + interval '2 hours' END
     FROM (${grantOf}) AS g`,
  `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root)
   SELECT 'GBA-C1-' || code, made + interval '5 minutes', '${executor}', 'root-' || n FROM (${grantOf}) AS g WHERE status = 'consumed'`,
  // That it was minted, and what became of it.
  `INSERT INTO audit_events (occurred_at, actor, action, resource_type, resource_id, request_id, before, after, digests)
   SELECT made + place * interval '5 minutes', CASE place WHEN 0 THEN 'growth-dispatcher' ELSE '${executor}' END,
          'grant.' || CASE place WHEN 0 THEN 'minted' ELSE status END, 'grant', 'GBA-C1-' || code, 'req-' || n,
          CASE place WHEN 1 THEN '{"status": "active"}'::jsonb END,
          CASE place WHEN 0 THEN jsonb_build_object('status', 'active', 'mode', 'dry-run', 'request_ref', code, 'target', target)
                     ELSE jsonb_build_object('status', status) END,
          CASE place WHEN 0 THEN jsonb_build_object('manifest_digest', manifest) ELSE '{}' END
     FROM (${grantOf}) AS g, generate_series(0, 1) AS place`,
  `INSERT INTO sync_messages (message_id, apr_code, received_by, received_at)
   SELECT 'msg-' || n, code, 'growth-dispatcher', made FROM (${grantOf}) AS g`,
];

/** What a trigger derives from each request that is submitted: see the migration that makes the table. */
const terms = `INSERT INTO approval_request_terms (request_ref, submitted_at, risk_level, plan_id, target, environment, words)
   SELECT apr_code, created_at, risk, action ->> 'plan_id', action ->> 'target', action ->> 'environment',
          array_to_tsvector(search_words(concat_ws(' ', apr_code, title, requested_by, action ->> 'plan_id', action ->> 'target')))
     FROM approval_requests, LATERAL (SELECT content::jsonb -> 'proposed_action') AS proposed (action)
    WHERE NOT EXISTS (SELECT FROM approval_request_terms t WHERE t.request_ref = apr_code)`;

export interface Filled {
  readonly seconds: number;
  readonly bytes: number;
}

/** Rows of one statement: each is a transaction. */
const portion = 250_000;

/**
 * Has the database grow from so many grants with their history to so many, in the real tables with their constraints and
 * indexes. Only the triggers, which judge a change by what was before it, are off meanwhile.
 * @returns how long it took and how large the database is
 */
export async function fill(superUrl: string, from: number, to: number, lanes = 2): Promise<Filled> {
  const began = performance.now();
  const triggers = await triggersOff(superUrl);
  try {
    const work: Work[] = [];
    for (let at = from; at < to; at += portion) {
      for (const statement of statements) work.push({ statement, values: [at, Math.min(to, at + portion)] });
    }
    await inLanes(superUrl, lanes, work);
    await onceAs(superUrl, terms);
  } finally {
    await triggersOn(superUrl, triggers);
  }
  const tables = growing.map((table): Work => ({ statement: `VACUUM (ANALYZE) ${table}`, values: [] }));
  await inLanes(superUrl, lanes, tables);
  await onceAs(superUrl, "CHECKPOINT");
  const [size] = await onceAs<{ bytes: string }>(superUrl, "SELECT pg_database_size(current_database()) AS bytes");
  return { seconds: (performance.now() - began) / 1_000, bytes: Number(size?.bytes) };
}

interface Work {
  readonly statement: string;
  readonly values: readonly number[];
}

/** So many sessions share the work until nothing is left of it. */
async function inLanes(superUrl: string, lanes: number, work: readonly Work[]): Promise<void> {
  const left = [...work];
  await Promise.all(Array.from({ length: lanes }, () => lane(superUrl, left)));
}

async function lane(superUrl: string, work: Work[]): Promise<void> {
  const client = new pg.Client({ connectionString: superUrl });
  await client.connect();
  try {
    // Foreign keys are triggers of their own: what they would check is so by the making of the rows.
    await client.query("SET session_replication_role = replica; SET synchronous_commit = off; SET jit = off");
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      await client.query(next.statement, [...next.values]);
    }
  } finally {
    await client.end();
  }
}

interface Trigger {
  readonly relation: string;
  readonly name: string;
}

/** The triggers that fire whatever the session's role. */
const always = `SELECT tgrelid::regclass::text AS relation, quote_ident(tgname) AS name FROM pg_trigger
                 WHERE tgenabled = 'A' AND tgrelid = ANY ($1::text[]::regclass[])`;

async function triggersOff(superUrl: string): Promise<readonly Trigger[]> {
  const triggers = await onceAs<Trigger>(superUrl, always, [growing]);
  for (const { relation, name } of triggers) await onceAs(superUrl, `ALTER TABLE ${relation} DISABLE TRIGGER ${name}`);
  return triggers;
}

async function triggersOn(superUrl: string, triggers: readonly Trigger[]): Promise<void> {
  for (const { relation, name } of triggers) {
    await onceAs(superUrl, `ALTER TABLE ${relation} ENABLE ALWAYS TRIGGER ${name}`);
  }
  const back = await onceAs<Trigger>(superUrl, always, [growing]);
  if (back.length !== triggers.length) throw new Error("a trigger that was switched off is not on again");
}
