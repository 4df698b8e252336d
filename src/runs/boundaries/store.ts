import type { Tx } from "../../database/index.ts";
import { appendingEvents } from "../../evidence/index.ts";
import { type Fence, standingLeases } from "../../leases/index.ts";

/** A state that is done, and the one that is to begin, under a claim. */
export interface Crossing {
  readonly root: string;
  readonly claimNo: string;
  /** Undefined before the lease is taken. */
  readonly fence: Fence | undefined;
  readonly state: string;
  readonly detail: unknown;
  readonly next: string;
  readonly audit: {
    readonly actor: string;
    readonly requestId: string;
    /** The action and the content of the event that says the state is done, and of the one that says the next begins. */
    readonly ended: { readonly action: string; readonly after?: unknown };
    readonly begun: { readonly action: string; readonly after?: unknown };
  };
}

/** The number of the attempt that begins: a state that was tried before is begun by its run alone. */
export const firstAttempt = 1;

/**
 * `$1` are the crossings, `$2` their roots. A row that another transaction has is not waited for, lest one run keep its
 * neighbours. What is not a run that simply goes on to a state it never tried is left out, and nothing of it changes.
 */
const cross = `WITH done AS (
    SELECT root, claim_no, lease_name, fencing_token, auth_code, state, detail, next, audit
      FROM jsonb_to_recordset($1::jsonb) AS given (root text, claim_no bigint, lease_name text, fencing_token bigint, auth_code text,
                                                   state text, detail jsonb, next text, audit jsonb)),
  run AS MATERIALIZED (
    SELECT idempotency_root AS root, claim_no, status, state, last_ok_state, stop_running, work_by
      FROM c1_build_run WHERE idempotency_root = ANY ($2::text[]) ORDER BY idempotency_root FOR UPDATE SKIP LOCKED),
  own AS MATERIALIZED (
    SELECT done.* FROM done JOIN run USING (root)
     WHERE run.claim_no = done.claim_no AND run.status = 'running' AND run.stop_running IS NULL AND clock_timestamp() < run.work_by
       AND run.state = done.state AND run.last_ok_state IS DISTINCT FROM done.state
       AND NOT EXISTS (SELECT FROM c1_build_run_state AS tried
                        WHERE tried.idempotency_root = root AND tried.direction = 'forward' AND tried.state = done.next)),
  standing AS MATERIALIZED (${standingLeases("own")}),
  due AS MATERIALIZED (SELECT * FROM own WHERE lease_name IS NULL OR root IN (SELECT root FROM standing)),
  moved AS (
    UPDATE c1_build_run SET last_ok_state = due.state, state = due.next, event_seq = event_seq + 2
      FROM due WHERE idempotency_root = due.root RETURNING due.root, due.state, due.detail, due.next, due.audit, event_seq),
  ended AS (
    UPDATE c1_build_run_state AS one SET status = 'ok', finished_at = clock_timestamp(), detail = due.detail
      FROM due WHERE one.idempotency_root = due.root AND one.direction = 'forward' AND one.state = due.state AND one.status = 'running'
    RETURNING due.root, one.attempt),
  begun AS (
    INSERT INTO c1_build_run_state (idempotency_root, direction, state, attempt, status) SELECT root, 'forward', next, ${firstAttempt}, 'running' FROM due),
  crossed AS MATERIALIZED (SELECT moved.*, ended.attempt AS ended FROM moved LEFT JOIN ended USING (root)),
  lines AS (
    INSERT INTO c1_build_run_event (idempotency_root, seq, event, state, attempt, detail)
    SELECT root, event_seq - 1, 'state_ok', state, ended, detail FROM crossed
     UNION ALL SELECT root, event_seq, 'state_started', next, ${firstAttempt}, '{}' FROM crossed),
  made AS (
    SELECT audit ->> 'actor' AS actor, audit ->> 'requestId' AS request_id, audit #>> '{ended,action}' AS action, 'run' AS resource_type,
           root AS resource_id, 1 AS position,
           audit #> '{ended,after}' || CASE WHEN ended IS NULL THEN '{}' ELSE jsonb_build_object('attempt', ended) END AS after FROM crossed
     UNION ALL
    SELECT audit ->> 'actor', audit ->> 'requestId', audit #>> '{begun,action}', 'run', root, 2, audit #> '{begun,after}' FROM crossed),
  events AS (${appendingEvents("made")})
  SELECT root FROM crossed`;

/**
 * The boundaries of several runs in one statement: run and lease are locked, claim, fence, stop request and deadline are
 * compared, the state that is done ends and the next begins, and both are in the run's progress (RUN-1, OPEN-3, OPEN-4, OPEN-9).
 * @returns the roots of those that have crossed; of the others nothing is changed, and each is to be looked at by itself
 */
export async function crossBoundaries(tx: Tx, crossings: readonly Crossing[]): Promise<ReadonlySet<string>> {
  const given = crossings.map(({ root, claimNo, fence, state, detail, next, audit }) => ({
    root,
    claim_no: claimNo,
    lease_name: fence?.leaseName ?? null,
    fencing_token: fence?.fencingToken ?? null,
    auth_code: fence?.authCode ?? null,
    state,
    detail: detail ?? {},
    next,
    audit,
  }));
  const { rows } = await tx.query<{ root: string }>(cross, [JSON.stringify(given), crossings.map(({ root }) => root)], {
    prepare: true,
  });
  return new Set(rows.map(({ root }) => root));
}
