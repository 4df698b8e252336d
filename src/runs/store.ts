import type { Tx } from "../database/index.ts";
import type { BindingsInput, GrantMode } from "../grants/index.ts";
import type { RunError } from "./schemas.ts";
import type { RunStatus } from "./states.ts";

/** What is still to be undone. */
export interface Undo {
  readonly state: string;
  readonly compensation: string;
}

export interface RunRow {
  idempotency_root: string;
  build: string;
  rolls_back: string | null;
  mode: GrantMode;
  auth_code: string;
  executor: string;
  environment: string;
  database: string;
  bindings: BindingsInput;
  input_digest: string;
  rehearsal_ref: string | null;
  status: RunStatus;
  state: string;
  last_ok_state: string | null;
  stop_state: string | null;
  undo_plan: Undo[] | null;
  error: RunError | null;
  outcome: unknown;
  reserved: boolean;
  lease_name: string | null;
  fencing_token: string | null;
  worker: string | null;
  claim_no: string;
  claimed_until: Date;
  stop_running: "stop" | "compensate" | null;
  stop_by: string | null;
  stop_at: Date | null;
  stop_reason: string | null;
  request_id: string;
  created_at: Date;
  work_by: Date;
  finished_at: Date | null;
  /** The database's clock, read after any lock. */
  now: Date;
}

export const runColumns = `idempotency_root, build, rolls_back, mode, auth_code, executor, environment, database, bindings, input_digest,
  rehearsal_ref, status, state, last_ok_state, stop_state, undo_plan, error, outcome, reserved, lease_name, fencing_token, worker,
  claim_no, claimed_until, stop_running, stop_by, stop_at, stop_reason, request_id, created_at, work_by, finished_at`;

export interface RunInsert {
  readonly root: string;
  readonly build: string;
  readonly rollsBack: string | undefined;
  readonly mode: GrantMode;
  readonly authCode: string;
  readonly executor: string;
  readonly environment: string;
  readonly database: string;
  readonly bindings: BindingsInput;
  readonly inputDigest: string;
  readonly input: string;
  readonly rehearsalRef: string | undefined;
  readonly firstState: string;
  readonly requestId: string;
  readonly workSeconds: number;
}

/** False when the root stands already. Whoever works on it claims it: it starts unclaimed. */
export async function insertRun(tx: Tx, run: RunInsert): Promise<boolean> {
  const { rowCount } = await tx.query(
    `WITH run AS (
       INSERT INTO c1_build_run (idempotency_root, build, rolls_back, mode, auth_code, executor, environment, database, bindings, input_digest,
                                 rehearsal_ref, state, request_id, created_at, claimed_until, work_by)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, now, now, now + make_interval(secs => $14) FROM clock_timestamp() AS now
       ON CONFLICT (idempotency_root) DO NOTHING RETURNING idempotency_root)
     INSERT INTO c1_build_run_input (idempotency_root, content) SELECT idempotency_root, $15 FROM run`,
    [
      run.root,
      run.build,
      run.rollsBack ?? null,
      run.mode,
      run.authCode,
      run.executor,
      run.environment,
      run.database,
      JSON.stringify(run.bindings),
      run.inputDigest,
      run.rehearsalRef ?? null,
      run.firstState,
      run.requestId,
      run.workSeconds,
      run.input,
    ],
  );
  return rowCount === 1;
}

export async function findRun(tx: Tx, root: string): Promise<RunRow | undefined> {
  const { rows } = await tx.query<RunRow>(
    `SELECT ${runColumns}, clock_timestamp() AS now FROM c1_build_run WHERE idempotency_root = $1`,
    [root],
  );
  return rows[0];
}

/** Locks the run, and only then reads the clock. */
export async function lockRun(tx: Tx, root: string): Promise<RunRow | undefined> {
  const { rows } = await tx.query<RunRow>(
    `WITH locked AS MATERIALIZED (SELECT ${runColumns} FROM c1_build_run WHERE idempotency_root = $1 FOR UPDATE)
     SELECT locked.*, clock_timestamp() AS now FROM locked`,
    [root],
    { prepare: true },
  );
  return rows[0];
}

/** The run that has used the grant. */
export async function findRunOfGrant(tx: Tx, authCode: string): Promise<{ idempotency_root: string } | undefined> {
  const { rows } = await tx.query<{ idempotency_root: string }>(
    "SELECT idempotency_root FROM c1_build_run WHERE auth_code = $1 AND reserved",
    [authCode],
  );
  return rows[0];
}

export async function readInput(tx: Tx, root: string): Promise<unknown> {
  const { rows } = await tx.query<{ content: string }>(
    "SELECT content FROM c1_build_run_input WHERE idempotency_root = $1",
    [root],
    { prepare: true },
  );
  return rows[0] === undefined ? undefined : (JSON.parse(rows[0].content) as unknown);
}

/** What may change in a run's row; what is left out stays. */
export interface RunChange {
  readonly status?: RunStatus;
  readonly state?: string;
  readonly last_ok_state?: string | null;
  readonly stop_state?: string | null;
  readonly undo_plan?: readonly Undo[] | null;
  readonly error?: RunError | null;
  readonly outcome?: unknown;
  readonly reserved?: boolean;
  readonly lease_name?: string | null;
  readonly fencing_token?: number | null;
  /** Now, or no longer. */
  readonly finished?: boolean;
  /** Seconds from now until which nobody else takes it up. */
  readonly claimSeconds?: number;
  readonly workSeconds?: number;
}

const jsonColumns = new Set(["undo_plan", "error", "outcome"]);

export async function updateRun(tx: Tx, root: string, change: RunChange): Promise<void> {
  const { finished, claimSeconds, workSeconds, ...columns } = change;
  const values: unknown[] = [root];
  const sets = Object.entries(columns).map(([name, value]) => {
    values.push(jsonColumns.has(name) && value !== null ? JSON.stringify(value) : value);
    return `${name} = $${values.length}`;
  });
  if (finished !== undefined) sets.push(`finished_at = ${finished ? "now" : "NULL"}`);
  for (const [name, seconds] of [
    ["claimed_until", claimSeconds],
    ["work_by", workSeconds],
  ] as const) {
    if (seconds === undefined) continue;
    values.push(seconds);
    sets.push(`${name} = now + make_interval(secs => $${values.length})`);
  }
  await tx.query(
    `UPDATE c1_build_run SET ${sets.join(", ")} FROM clock_timestamp() AS now WHERE idempotency_root = $1`,
    values,
    { prepare: true },
  );
}

export async function setStopRequest(
  tx: Tx,
  root: string,
  request: { running: "stop" | "compensate"; by: string; reason: string },
): Promise<void> {
  await tx.query(
    `UPDATE c1_build_run SET stop_running = $2, stop_by = $3, stop_at = clock_timestamp(), stop_reason = $4 WHERE idempotency_root = $1`,
    [root, request.running, request.by, request.reason],
  );
}

/**
 * Takes up to `limit` runs that nobody works on; rows that another process is taking are skipped.
 * @param builds those that this process knows: another version of the service may know more
 */
export async function claimRuns(
  tx: Tx,
  worker: string,
  claimSeconds: number,
  limit: number,
  builds: readonly string[],
): Promise<RunRow[]> {
  const { rows } = await tx.query<RunRow>(
    `WITH free AS MATERIALIZED (
       SELECT idempotency_root AS root FROM c1_build_run
        WHERE status IN ('running', 'compensating', 'indeterminate') AND claimed_until <= clock_timestamp() AND build = ANY ($4::text[])
        ORDER BY claimed_until LIMIT $3 FOR UPDATE SKIP LOCKED)
     UPDATE c1_build_run SET claim_no = claim_no + 1, worker = $1, claimed_until = now + make_interval(secs => $2)
       FROM free, clock_timestamp() AS now WHERE idempotency_root = free.root RETURNING ${runColumns}, now`,
    [worker, claimSeconds, limit, builds],
  );
  return rows;
}

/** Every run that is under way, in key order. */
export async function lockUnfinishedRuns(tx: Tx): Promise<Pick<RunRow, "idempotency_root" | "state" | "worker">[]> {
  const { rows } = await tx.query<RunRow>(
    `SELECT idempotency_root, state, worker FROM c1_build_run
      WHERE status IN ('running', 'compensating', 'indeterminate') ORDER BY idempotency_root FOR UPDATE`,
  );
  return rows;
}

/** Takes the run from whoever works on it, and keeps it from everybody who looks for work. */
export async function parkRun(tx: Tx, root: string, by: string): Promise<void> {
  await tx.query(
    `UPDATE c1_build_run SET claim_no = claim_no + 1, worker = $2, claimed_until = clock_timestamp() + interval '100 years'
      WHERE idempotency_root = $1`,
    [root, by],
  );
}

/** Gives a claim back, for somebody else to take up after so many seconds. False where it is not ours any more. */
export async function giveUpClaim(tx: Tx, root: string, claimNo: string, seconds: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE c1_build_run SET claimed_until = clock_timestamp() + make_interval(secs => $3)
      WHERE idempotency_root = $1 AND claim_no = $2 AND status IN ('running', 'compensating', 'indeterminate')`,
    [root, claimNo, seconds],
  );
  return rowCount === 1;
}

/** The gate that a hold closes, for a start that burns nothing yet (GRANT-9). */
export async function passHoldGate(tx: Tx): Promise<void> {
  await tx.query("SELECT pass_hold_gate()");
}
