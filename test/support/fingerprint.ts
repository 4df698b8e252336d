import pg from "pg";
import type { Tx } from "../../src/database/index.ts";
import { c1Vocabulary } from "../../src/runs/builds/c1-vocabulary/index.ts";

/** Where the end of a run is read, in both databases as superuser. */
export interface Place {
  readonly control: pg.Client;
  readonly targetUrl: string;
  readonly root: string;
  readonly authCode: string;
}

/**
 * All of a run's end that must be the same whatever became of the processes that worked on it: what is in the target, byte
 * for byte, and what the control database says of run, grant and lease. Times, attempts and fences are left out.
 */
export async function readEnd(place: Place): Promise<{ control: unknown; target: unknown }> {
  return { control: await readControl(place), target: await readTarget(place) };
}

const controlQuery = `
  SELECT jsonb_build_object(
    'run', (SELECT to_jsonb(r) FROM (SELECT status, state, last_ok_state, stop_state, undo_plan, error, outcome, reserved, lease_name) r),
    'grant', (SELECT jsonb_build_array(g.status, g.consumed_at IS NOT NULL, g.evidence) FROM governance_build_authorization g WHERE g.auth_code = $2),
    'receipts', (SELECT jsonb_agg(jsonb_build_array(c.auth_code, c.consumed_by, c.idempotency_root, c.lease_name)) FROM grant_receipts c),
    'consumed_events', (SELECT count(*) FROM audit_events a WHERE a.action = 'grant.consumed' AND a.resource_id = $2),
    'leases_held', (SELECT count(*) FROM dot_iu_runtime_lease WHERE released_at IS NULL),
    'ok_states', (SELECT jsonb_agg(s.direction || ' ' || s.state ORDER BY s.direction, s.state) FROM c1_build_run_state s WHERE s.idempotency_root = $1 AND s.status = 'ok'),
    'open_states', (SELECT count(*) FROM c1_build_run_state s WHERE s.idempotency_root = $1 AND s.status = 'running'),
    'compensations', (SELECT count(*) FROM c1_build_run_state s WHERE s.idempotency_root = $1 AND s.direction = 'undo'),
    'events_gapless', (SELECT array_agg(e.seq ORDER BY e.seq) = (SELECT array_agg(n) FROM generate_series(1, run.event_seq) n) FROM c1_build_run_event e WHERE e.idempotency_root = $1),
    'last_event', (SELECT e.event FROM c1_build_run_event e WHERE e.idempotency_root = $1 ORDER BY e.seq DESC LIMIT 1),
    'ends', (SELECT jsonb_agg(a.action) FROM audit_events a WHERE a.resource_id = $1 AND a.action IN ('run.succeeded', 'run.stopped')),
    'state_ok_events', (SELECT jsonb_agg(ok ORDER BY ok) FROM (
        SELECT concat(CASE WHEN run.mode = 'dry-run' THEN 'state ' ELSE count(*)::text || ' of state ' END, a.after ->> 'state') AS ok
          FROM audit_events a WHERE a.resource_id = $1 AND a.action = 'run.state_ok' GROUP BY a.after ->> 'state') AS counted),
    'state_ok_twice', (SELECT jsonb_agg(twice) FROM (
        SELECT a.after ->> 'state' || ' ' || (a.after ->> 'attempt') AS twice FROM audit_events a
         WHERE a.resource_id = $1 AND a.action = 'run.state_ok' GROUP BY 1 HAVING count(*) > 1) AS counted),
    'rehearsals', (SELECT jsonb_agg(jsonb_build_array(h.rehearsal_ref, h.passed, h.content)) FROM rehearsals h),
    'fence_is_the_last', (SELECT l.fencing_token = run.fencing_token FROM dot_iu_runtime_lease l WHERE l.lease_name = run.lease_name)
  ) AS control FROM c1_build_run run WHERE run.idempotency_root = $1`;

async function readControl({ control, root, authCode }: Place): Promise<unknown> {
  const { rows } = await control.query<{ control: unknown }>(controlQuery, [root, authCode]);
  return rows[0]?.control;
}

const markersQuery = `
  SELECT jsonb_build_object(
    'runs', (SELECT jsonb_agg(jsonb_build_array(r.run_root, r.auth_code, r.build)) FROM countersign_run r),
    'markers', (SELECT jsonb_agg(jsonb_build_array(m.direction, m.state, m.lease_name, m.fingerprint) ORDER BY m.direction, m.state) FROM countersign_run_marker m),
    'outbox', (SELECT jsonb_agg(jsonb_build_array(o.direction, o.state, o.event) ORDER BY o.direction, o.state) FROM countersign_outbox o),
    'fences', (SELECT count(*) FROM countersign_fence)) AS found`;

/** Each value with the rows that stand for it, and each of its changes with the records of it. */
const valuesQuery = `
  SELECT jsonb_build_object(
    'values', (SELECT jsonb_agg(value ORDER BY value) FROM (
        SELECT v.operation_code || '@' || v.protocol_version || ' ' || v.status || ': ' || count(*) AS value
          FROM c1.operation_vocabulary v GROUP BY v.operation_code, v.protocol_version, v.status) AS counted),
    'audit', (SELECT jsonb_agg(record ORDER BY record) FROM (
        SELECT a.subject || ' ' || a.act || ' by ' || a.run_root || ': ' || count(*) AS record FROM c1.audit a GROUP BY a.subject, a.act, a.run_root) AS counted),
    'evidence', (SELECT jsonb_agg(to_jsonb(e) - 'recorded_at' ORDER BY e.run_root, e.kind) FROM c1.build_evidence e)) AS found`;

/** What the build of test/support/crash/tally.ts has left. */
const tallyQuery = "SELECT state, count(*)::integer AS times FROM tally.effect GROUP BY state ORDER BY state";

async function readTarget({ targetUrl }: Place): Promise<unknown> {
  const client = new pg.Client({ connectionString: targetUrl });
  await client.connect();
  try {
    return {
      fingerprint: await fingerprintOf(client),
      marked: (await isThere(client, "public.countersign_run")) ? await first(client, markersQuery) : "never touched",
      c1: (await isThere(client, "c1.operation_vocabulary")) ? await first(client, valuesQuery) : "no collection",
      tally: (await isThere(client, "tally.effect")) ? (await client.query(tallyQuery)).rows : "no tally",
    };
  } finally {
    await client.end();
  }
}

async function isThere(client: pg.Client, table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass($1) IS NOT NULL AS there", [table]);
  return rows[0]?.there === true;
}

async function first(client: pg.Client, text: string): Promise<unknown> {
  return (await client.query<{ found: unknown }>(text)).rows[0]?.found;
}

/** The build's own fingerprint of all that it names. */
function fingerprintOf(client: pg.Client): Promise<string> {
  const tx: Tx = {
    async query<Row extends object>(text: string, values?: readonly unknown[]) {
      const { rows, rowCount } = await client.query<Row & pg.QueryResultRow>(text, values && [...values]);
      return { rows: rows as Row[], rowCount: rowCount ?? 0 };
    },
    savepoint: (work) => work(),
  };
  return c1Vocabulary.fingerprint(tx, undefined as never);
}
