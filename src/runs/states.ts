/** Where a run stands. `succeeded` is final; `stopped` nearly so: see the table. */
export const runStatuses = ["running", "compensating", "succeeded", "stopped", "indeterminate"] as const;
export type RunStatus = (typeof runStatuses)[number];

/** The one transition table: drawn in `docs/states/`, and the database's trigger is tested against it. */
export const runTransitions: Readonly<Record<RunStatus, readonly { to: RunStatus; by: string }[]>> = {
  running: [
    { to: "succeeded", by: "last state" },
    { to: "stopped", by: "abort, stop" },
    { to: "compensating", by: "failed state" },
  ],
  compensating: [
    { to: "stopped", by: "undone" },
    { to: "indeterminate", by: "target lost" },
  ],
  indeterminate: [{ to: "compensating", by: "read back" }],
  succeeded: [],
  stopped: [
    { to: "running", by: "resume (nothing burned)" },
    { to: "compensating", by: "compensate (was only stopped)" },
  ],
};

export function runCanBecome(from: RunStatus, to: RunStatus): boolean {
  return runTransitions[from].some((transition) => transition.to === to);
}

/** Whether there is something left for a worker to do. */
export function isUnderWay(status: RunStatus): boolean {
  return status === "running" || status === "compensating" || status === "indeterminate";
}

/** Stop states that a person asks for or that a deadline brings; the others are the states' own compensations. */
export const stopRequested = "STOP_REQUESTED";
/** Nothing was burned and nothing written: the same root may be tried again (RUN-3). */
export const untouchedStops: readonly string[] = ["ABORT", "ABORT_NO_LEASE"];
