import type { Tx } from "../../database/index.ts";
import type { Sightings } from "../../rehearsals/index.ts";
import type { Finding } from "../schemas.ts";
import { rehearsedGrants, strayRuns } from "./store.ts";

/** Long enough for any process to have looked. */
const unattendedSeconds = 60;

/** The rehearsals whose targets are to be looked at before the doctor's transaction opens. */
export async function rehearsalsInUse(tx: Tx): Promise<string[]> {
  return (await rehearsedGrants(tx)).map((grant) => grant.rehearsal_ref);
}

/** Runs of dead processes and of targets that cannot be asked, and grants on stale rehearsals (OPEN-6). */
export async function runFindings(tx: Tx, sightings: Sightings): Promise<Finding[]> {
  const runs = (await strayRuns(tx, unattendedSeconds)).map(
    (run): Finding =>
      run.status === "indeterminate"
        ? {
            severity: "error",
            code: "RUN_INDETERMINATE",
            subject: run.idempotency_root,
            detail: `It is to be undone (${run.stop_state}), and the target ${run.database} could not be asked. Nobody else builds there.`,
            remedy:
              "Bring the target back; the run is then undone by itself, or at once with POST /v1/runs/{root}/resume.",
          }
        : {
            severity: "warning",
            code: "RUN_UNATTENDED",
            subject: run.idempotency_root,
            detail: `Nobody works on it since ${run.since.toISOString()}; it is ${run.status} in ${run.state}.`,
            remedy: "Start a process of the service that works on runs (RUN_CONCURRENCY above 0) and knows its build.",
          },
  );
  const grants = (await rehearsedGrants(tx)).flatMap((grant): Finding[] => {
    const seen = sightings.get(grant.rehearsal_ref);
    if (seen === undefined || "unseen" in seen || seen.fingerprint === grant.fingerprint) return [];
    return [
      {
        severity: "error",
        code: "REHEARSAL_STALE",
        subject: grant.auth_code,
        detail: `The target ${grant.database} has moved since the rehearsal ${grant.rehearsal_ref}: it can never be used.`,
        remedy: "Revoke it, rehearse again, and have what that shows approved.",
      },
    ];
  });
  return [...runs, ...grants];
}
