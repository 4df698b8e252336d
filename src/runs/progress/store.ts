import type { Tx } from "../../database/index.ts";
import type { RunError } from "../schemas.ts";

export type Direction = "forward" | "undo";

export interface StateRow {
  direction: Direction;
  state: string;
  attempt: number;
  status: "running" | "ok" | "failed" | "rolled_back";
  compensation: string | null;
  started_at: Date;
  finished_at: Date | null;
  error: RunError | null;
  detail: unknown;
}

/** The next attempt at a state begins. @returns its number */
export async function insertAttempt(
  tx: Tx,
  root: string,
  direction: Direction,
  state: string,
  compensation: string | null,
): Promise<number> {
  const { rows } = await tx.query<{ attempt: number }>(
    `INSERT INTO c1_build_run_state (idempotency_root, direction, state, attempt, status, compensation)
     SELECT $1, $2, $3, coalesce(max(attempt), 0) + 1, 'running', $4 FROM c1_build_run_state
      WHERE idempotency_root = $1 AND direction = $2 AND state = $3 RETURNING attempt`,
    [root, direction, state, compensation],
    { prepare: true },
  );
  return rows[0]?.attempt ?? 1;
}

/** The attempt that is under way ends. False where none is: it was ended before. */
export async function endAttempt(
  tx: Tx,
  root: string,
  direction: Direction,
  state: string,
  end: { status: "ok" | "failed"; error?: RunError; detail?: unknown },
): Promise<number | undefined> {
  const { rows } = await tx.query<{ attempt: number }>(
    `UPDATE c1_build_run_state SET status = $4, finished_at = clock_timestamp(), error = $5, detail = $6
      WHERE idempotency_root = $1 AND direction = $2 AND state = $3 AND status = 'running' RETURNING attempt`,
    [
      root,
      direction,
      state,
      end.status,
      end.error === undefined ? null : JSON.stringify(end.error),
      JSON.stringify(end.detail ?? {}),
    ],
    { prepare: true },
  );
  return rows[0]?.attempt;
}

/** What a rehearsal had done before its transaction was lost counts no more. */
export async function rollBackAttempts(tx: Tx, root: string, states: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE c1_build_run_state SET status = 'rolled_back', finished_at = coalesce(finished_at, clock_timestamp())
      WHERE idempotency_root = $1 AND state = ANY ($2::text[]) AND status IN ('running', 'ok')`,
    [root, states],
  );
}

export async function selectStates(tx: Tx, root: string): Promise<StateRow[]> {
  const { rows } = await tx.query<StateRow>(
    `SELECT direction, state, attempt, status, compensation, started_at, finished_at, error, detail
       FROM c1_build_run_state WHERE idempotency_root = $1 ORDER BY started_at, attempt`,
    [root],
    { prepare: true },
  );
  return rows;
}

export interface EventInsert {
  readonly event: string;
  readonly state?: string | undefined;
  readonly attempt?: number | undefined;
  readonly detail?: unknown;
}

/** The next lines of the run's progress: the run's row is locked, so the numbers have no gap. */
export async function insertRunEvents(tx: Tx, root: string, events: readonly EventInsert[]): Promise<void> {
  await tx.query(
    `WITH given AS (SELECT event, position FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS given (event, position)),
          run AS (UPDATE c1_build_run SET event_seq = event_seq + (SELECT count(*) FROM given) WHERE idempotency_root = $1 RETURNING event_seq)
     INSERT INTO c1_build_run_event (idempotency_root, seq, event, state, attempt, detail)
     SELECT $1, run.event_seq - (SELECT count(*) FROM given) + position, event ->> 'event', event ->> 'state', (event ->> 'attempt')::integer,
            coalesce(nullif(event -> 'detail', 'null'), '{}') FROM given, run ORDER BY position`,
    [root, JSON.stringify(events)],
    { prepare: true },
  );
}

/**
 * The boundary between two states, in one statement: the one that is done ends, an attempt at the next that a dead process
 * has left open is over, and a new one begins.
 * @returns the numbers of the attempt that ended and of the one that began
 */
export async function moveOn(
  tx: Tx,
  root: string,
  step: {
    readonly done: string | undefined;
    readonly detail: unknown;
    readonly next: string;
    readonly interrupted: RunError;
  },
): Promise<{ ended: number | undefined; attempt: number }> {
  const { rows } = await tx.query<{ ended: number | null; attempt: number }>(
    `WITH done AS (
       UPDATE c1_build_run_state SET status = 'ok', finished_at = clock_timestamp(), detail = $3
        WHERE idempotency_root = $1 AND direction = 'forward' AND state = $2 AND status = 'running' RETURNING attempt),
     over AS (
       UPDATE c1_build_run_state SET status = 'failed', finished_at = clock_timestamp(), error = $5, detail = '{}'
        WHERE idempotency_root = $1 AND direction = 'forward' AND state = $4 AND status = 'running'),
     begun AS (
       INSERT INTO c1_build_run_state (idempotency_root, direction, state, attempt, status)
       SELECT $1, 'forward', $4, coalesce(max(attempt), 0) + 1, 'running' FROM c1_build_run_state
        WHERE idempotency_root = $1 AND direction = 'forward' AND state = $4 RETURNING attempt),
     moved AS (UPDATE c1_build_run SET last_ok_state = coalesce($2, last_ok_state), state = $4 WHERE idempotency_root = $1)
     SELECT (SELECT attempt FROM done) AS ended, begun.attempt FROM begun`,
    [root, step.done ?? null, JSON.stringify(step.detail ?? {}), step.next, JSON.stringify(step.interrupted)],
    { prepare: true },
  );
  const row = rows[0];
  if (row === undefined) throw new Error(`no attempt at ${step.next} of ${root} could begin`);
  return { ended: row.ended ?? undefined, attempt: row.attempt };
}

export interface RunEventRow {
  seq: string;
  occurred_at: Date;
  event: string;
  state: string | null;
  attempt: number | null;
  detail: unknown;
}

export async function selectRunEvents(tx: Tx, root: string, after: number, limit: number): Promise<RunEventRow[]> {
  const { rows } = await tx.query<RunEventRow>(
    `SELECT seq, occurred_at, event, state, attempt, detail FROM c1_build_run_event
      WHERE idempotency_root = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    [root, after, limit],
    { prepare: true },
  );
  return rows;
}
