import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import { rehearsalOfRun } from "../rehearsals/index.ts";
import type { AnyBuild } from "./build.ts";
import type { Builds } from "./input.ts";
import { type RunFilter, selectRuns } from "./lists/store.ts";
import { selectRunEvents, selectStates, type StateRow } from "./progress/store.ts";
import type { Run, RunEvent, RunSummary, StateView } from "./schemas.ts";
import type { RunStatus } from "./states.ts";
import { findRun, type RunRow } from "./store.ts";

export interface RunQuery {
  limit?: number;
  cursor?: string;
  status?: RunStatus;
  build?: string;
  auth_code?: string;
  executor?: string;
  target?: string;
  failed?: boolean;
}

/** Runs, newest first. */
export async function listRuns(tx: Tx, query: RunQuery): Promise<PageOf<RunSummary>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const { limit: _, cursor: __, ...filter } = query;
  const rows = await selectRuns(tx, filter satisfies RunFilter, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.idempotency_root], summaryOf);
}

/** One run with all that is known of it. @throws ServiceProblem NOT_FOUND */
export async function presentRun(tx: Tx, builds: Builds, root: string): Promise<Run> {
  const row = await findRun(tx, root);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no run ${root}.`);
  const states = await selectStates(tx, root);
  const rehearsal = row.mode === "dry-run" ? await rehearsalOfRun(tx, root) : null;
  return {
    ...summaryOf(row),
    input_digest: row.input_digest,
    manifest_digest: row.bindings.manifest_digest,
    schema_digest: row.bindings.schema_digest,
    states: statesOf(builds.get(row.build), states),
    compensations: compensationsOf(states),
    stop_request:
      row.stop_running === null
        ? null
        : {
            running: row.stop_running,
            by: row.stop_by ?? "",
            at: row.stop_at?.toISOString() ?? "",
            reason: row.stop_reason ?? "",
          },
    lease: row.lease_name === null ? null : { name: row.lease_name, fencing_token: Number(row.fencing_token) },
    rehearsal_ref: rehearsal?.rehearsal_ref ?? row.rehearsal_ref,
    rehearsal,
    outcome: row.outcome,
  };
}

function summaryOf(row: RunRow): RunSummary {
  return {
    idempotency_root: row.idempotency_root,
    build: row.build,
    rolls_back: row.rolls_back,
    mode: row.mode,
    status: row.status,
    state: row.state,
    last_ok_state: row.last_ok_state,
    stop_state: row.stop_state,
    auth_code: row.auth_code,
    target: row.database,
    environment: row.environment,
    executor: row.executor,
    error: row.error,
    created_at: row.created_at.toISOString(),
    work_by: row.work_by.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  };
}

/** Each declared state with its last attempt, also those that it has not come to. */
function statesOf(build: AnyBuild | undefined, rows: readonly StateRow[]): StateView[] {
  const forward = rows.filter((row) => row.direction === "forward");
  const declared = build?.states ?? forward.map(({ state }) => ({ state, name: state }));
  return declared.map(({ state, name }) => {
    const attempts = forward.filter((row) => row.state === state);
    const last = attempts.at(-1);
    const failed = attempts.findLast((row) => row.error !== null);
    const gone = last === undefined || last.status === "rolled_back";
    return {
      state,
      name,
      status: gone ? "pending" : last.status === "rolled_back" ? "pending" : last.status,
      attempts: attempts.length,
      started_at: attempts[0]?.started_at.toISOString() ?? null,
      finished_at: last?.finished_at?.toISOString() ?? null,
      duration_ms: last?.finished_at ? last.finished_at.getTime() - last.started_at.getTime() : null,
      error: failed?.error ?? null,
      detail: last?.detail ?? null,
    };
  });
}

function compensationsOf(rows: readonly StateRow[]): Run["compensations"] {
  const undo = rows.filter((row) => row.direction === "undo");
  return [...new Set(undo.map((row) => row.state))].flatMap((state) => {
    const attempts = undo.filter((row) => row.state === state);
    const [first] = attempts;
    const last = attempts.at(-1);
    if (first === undefined || last === undefined) return [];
    return {
      state,
      compensation: last.compensation ?? "",
      status: last.status === "rolled_back" ? "failed" : last.status,
      attempts: attempts.length,
      started_at: first.started_at.toISOString(),
      finished_at: last.finished_at?.toISOString() ?? null,
      error: last.error,
      detail: last.detail ?? null,
    };
  });
}

/** What a watcher gets: the events after `after`, oldest first, and where the run stands. @throws ServiceProblem NOT_FOUND */
export async function readEvents(
  tx: Tx,
  root: string,
  after: number,
  limit: number,
): Promise<{ items: RunEvent[]; status: RunStatus; stop_state: string | null }> {
  // The run first: its status is then no newer than the events, so a watcher that sees it finished has seen all of them.
  const row = await findRun(tx, root);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no run ${root}.`);
  const rows = await selectRunEvents(tx, root, after, limit);
  const items = rows.map((event) => ({
    ...event,
    seq: Number(event.seq),
    occurred_at: event.occurred_at.toISOString(),
  }));
  return { items, status: row.status, stop_state: row.stop_state };
}
