import type { Tx } from "../../database/index.ts";
import type { Direction } from "../progress/store.ts";

export interface MarkerRow {
  direction: Direction;
  state: string;
  attempt: number;
  fingerprint: string;
  event: unknown;
}

/** Takes the grant for this run in the target; another run that has it keeps it (RUN-7). @returns whose it is */
export async function markRun(target: Tx, run: { root: string; authCode: string; build: string }): Promise<string> {
  await target.query(
    "INSERT INTO countersign_run (run_root, auth_code, build) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [run.root, run.authCode, run.build],
  );
  const { rows } = await target.query<{ run_root: string }>(
    "SELECT run_root FROM countersign_run WHERE auth_code = $1 OR run_root = $2 ORDER BY auth_code = $1 DESC LIMIT 1",
    [run.authCode, run.root],
  );
  return rows[0]?.run_root ?? "";
}

export async function readMarkers(target: Tx, root: string): Promise<MarkerRow[]> {
  const { rows } = await target.query<MarkerRow>(
    `SELECT direction, state, attempt, fingerprint, event
       FROM countersign_run_marker JOIN countersign_outbox USING (run_root, direction, state, attempt)
      WHERE run_root = $1 ORDER BY marked_at`,
    [root],
    { prepare: true },
  );
  return rows;
}

export interface MarkedRun {
  run_root: string;
  auth_code: string;
  build: string;
  began_at: Date;
}

/** Every run that has begun in this target, the latest last. */
export async function readMarkedRuns(target: Tx): Promise<MarkedRun[]> {
  const { rows } = await target.query<MarkedRun>(
    "SELECT run_root, auth_code, build, began_at FROM countersign_run ORDER BY began_at, run_root",
  );
  return rows;
}

export interface MarkerInsert {
  readonly root: string;
  readonly direction: Direction;
  readonly state: string;
  readonly attempt: number;
  readonly leaseName: string;
  readonly fencingToken: number;
  readonly fingerprint: string;
  readonly event: unknown;
}

/** The marker and its event, in the transaction of the state itself (RUN-2, AUDIT-3). */
export async function insertMarker(target: Tx, marker: MarkerInsert): Promise<void> {
  await target.query(
    `WITH marker AS (
       INSERT INTO countersign_run_marker (run_root, direction, state, attempt, lease_name, fencing_token, fingerprint)
       VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING run_root, direction, state, attempt)
     INSERT INTO countersign_outbox (run_root, direction, state, attempt, event)
     SELECT run_root, direction, state, attempt, $8 FROM marker`,
    [
      marker.root,
      marker.direction,
      marker.state,
      marker.attempt,
      marker.leaseName,
      marker.fencingToken,
      marker.fingerprint,
      JSON.stringify(marker.event),
    ],
    { prepare: true },
  );
}

export async function findMarker(
  target: Tx,
  root: string,
  direction: Direction,
  state: string,
): Promise<MarkerRow | undefined> {
  const { rows } = await target.query<MarkerRow>(
    `SELECT direction, state, attempt, fingerprint, event
       FROM countersign_run_marker JOIN countersign_outbox USING (run_root, direction, state, attempt)
      WHERE run_root = $1 AND direction = $2 AND state = $3`,
    [root, direction, state],
    { prepare: true },
  );
  return rows[0];
}

/** Has every deferred constraint checked now, as a commit would: a rehearsal has none (PLAN-10). */
export async function checkDeferred(target: Tx): Promise<void> {
  await target.query("SET CONSTRAINTS ALL IMMEDIATE");
  await target.query("SET CONSTRAINTS ALL DEFERRED");
}
