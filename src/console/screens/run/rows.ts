import type { Run, RunEvent } from "../../../runs/index.ts";

export type RowStatus = "pending" | "running" | "ok" | "failed";

/** One attempt at a state, or at undoing it. Times in ms; no end while it is under way. */
export interface Attempt {
  readonly number: number;
  readonly began: number;
  ended: number | undefined;
  status: RowStatus;
}

/** A line of the picture: a state, or the compensation of one. */
export interface Row {
  readonly key: string;
  readonly state: string;
  readonly name: string;
  readonly undoes: boolean;
  readonly status: RowStatus;
  readonly attempts: readonly Attempt[];
  readonly error: { readonly code: string; readonly detail: string } | null;
  readonly durationMs: number | undefined;
}

const ends: Readonly<Record<string, RowStatus>> = {
  state_ok: "ok",
  state_failed: "failed",
  state_retried: "failed",
  compensation_ok: "ok",
  compensation_failed: "failed",
};

/** The states of a run, and what was undone of them, with every attempt that its events tell of. */
export function rowsOf(run: Run, events: readonly RunEvent[]): Row[] {
  const attempts = attemptsOf(events);
  const forward = run.states.map((state) => row(state, state.name, false, attempts.get(`forward ${state.state}`)));
  const undone = run.compensations.map((state) =>
    row(state, state.compensation, true, attempts.get(`undo ${state.state}`)),
  );
  return [...forward, ...undone];
}

interface Told {
  readonly state: string;
  readonly status: RowStatus;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly error: Row["error"];
}

function row(told: Told, name: string, undoes: boolean, attempts: readonly Attempt[] | undefined): Row {
  const shown = attempts ?? whole(told);
  const last = shown.at(-1);
  const first = shown[0];
  return {
    key: `${undoes ? "undo" : "forward"} ${told.state}`,
    state: told.state,
    name,
    undoes,
    status: last?.status ?? told.status,
    attempts: shown,
    error: told.error,
    durationMs: first === undefined || last?.ended === undefined ? undefined : last.ended - first.began,
  };
}

/** Where there are no events of it, the state itself says when it was. */
function whole({ started_at, finished_at, status }: Told): Attempt[] {
  if (started_at === null) return [];
  const ended = finished_at === null ? undefined : Date.parse(finished_at);
  return [{ number: 1, began: Date.parse(started_at), ended, status }];
}

function attemptsOf(events: readonly RunEvent[]): Map<string, Attempt[]> {
  const all = new Map<string, Attempt[]>();
  for (const { event, state, attempt, occurred_at, detail } of events) {
    if (state === null) continue;
    const undoes = event.startsWith("compensation_") || (event === "state_retried" && isOfUndoing(detail));
    const key = `${undoes ? "undo" : "forward"} ${state}`;
    const own = all.get(key) ?? [];
    const at = Date.parse(occurred_at);
    if (event === "state_started" || event === "compensation_started") begin(own, attempt, at);
    else if (ends[event] !== undefined) end(own, at, ends[event]);
    // The next attempt of a state that is tried again has no event of its own.
    if (event === "state_retried") begin(own, (attempt ?? own.length) + 1, at + delayOf(detail));
    if (own.length > 0) all.set(key, own);
  }
  return all;
}

function begin(own: Attempt[], number: number | null, began: number): void {
  end(own, began, "failed");
  own.push({ number: number ?? own.length + 1, began, ended: undefined, status: "running" });
}

function end(own: Attempt[], at: number, status: RowStatus): void {
  const last = own.at(-1);
  if (last === undefined || last.ended !== undefined) return;
  last.ended = Math.max(at, last.began);
  last.status = status;
}

function delayOf(detail: unknown): number {
  const delay = typeof detail === "object" && detail !== null ? (detail as Record<string, unknown>)["delay_ms"] : 0;
  return typeof delay === "number" ? delay : 0;
}

const isOfUndoing = (detail: unknown): boolean =>
  typeof detail === "object" && detail !== null && "compensation" in detail;

/** From the first beginning to the last end, or to now; at least a millisecond. */
export function spanOf(rows: readonly Row[], now: number): { readonly from: number; readonly to: number } {
  const attempts = rows.flatMap((one) => one.attempts);
  const from = Math.min(...attempts.map(({ began }) => began), Infinity);
  const to = Math.max(...attempts.map(({ ended }) => ended ?? now), -Infinity);
  return Number.isFinite(from) ? { from, to: Math.max(to, from + 1) } : { from: now, to: now + 1 };
}
