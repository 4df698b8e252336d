import type { Tx } from "../database/index.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { Rehearsal } from "./schemas.ts";
import { findRehearsal, findRehearsalOfRun, type RehearsalRow } from "./store.ts";

/** One rehearsal. @throws ServiceProblem NOT_FOUND */
export async function readRehearsal(tx: Tx, ref: string): Promise<Rehearsal> {
  const row = await findRehearsal(tx, ref);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no rehearsal ${ref}.`);
  return presentRehearsal(row);
}

/** The rehearsal that a run has left, or null. */
export async function rehearsalOfRun(tx: Tx, root: string): Promise<Rehearsal | null> {
  const row = await findRehearsalOfRun(tx, root);
  return row === undefined ? null : presentRehearsal(row);
}

/** The rehearsal that somebody names, or null: whoever approves sees what they approve (OPEN-1). */
export async function rehearsalNamed(tx: Tx, ref: string): Promise<Rehearsal | null> {
  const row = await findRehearsal(tx, ref);
  return row === undefined ? null : presentRehearsal(row);
}

function presentRehearsal(row: RehearsalRow): Rehearsal {
  return {
    rehearsal_ref: row.rehearsal_ref,
    passed: row.passed,
    idempotency_root: row.idempotency_root,
    auth_code: row.auth_code,
    build: row.build,
    database: row.database,
    fingerprint: row.fingerprint,
    recorded_at: row.recorded_at.toISOString(),
    content: JSON.parse(row.content),
  };
}
