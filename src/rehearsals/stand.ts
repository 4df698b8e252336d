import type { Tx } from "../database/index.ts";
import { RehearsalProblem } from "./errors.ts";
import type { RehearsedBindings } from "./record.ts";
import { findRehearsal, type RehearsalRow } from "./store.ts";

/**
 * How the target looks at this moment, for each rehearsal that was asked about: a fingerprint, or why there is none. Read
 * before the control transaction opens, so that no row lock is held across databases (OPEN-1).
 */
export type Sightings = ReadonlyMap<string, Sighting>;
export type Sighting = { readonly fingerprint: string } | { readonly unseen: string };

/** Where and what for a rehearsal is named. */
export interface Standpoint {
  readonly database: string | undefined;
  readonly bindings: RehearsedBindings;
}

/** The passed rehearsal of exactly this, if there is one on record. */
export async function findStanding(tx: Tx, ref: string, at: Standpoint): Promise<RehearsalRow | undefined> {
  const row = await findRehearsal(tx, ref);
  return row !== undefined && isOf(row, at) ? row : undefined;
}

function isOf(row: RehearsalRow, { database, bindings }: Standpoint): boolean {
  return (
    row.passed &&
    row.database === database &&
    row.plan_id === bindings.plan_id &&
    row.plan_revision === bindings.plan_revision &&
    row.manifest_digest === bindings.manifest_digest &&
    row.schema_digest === bindings.schema_digest &&
    row.rollback_plan_ref === bindings.rollback_plan_ref
  );
}

/**
 * Refuses where the rehearsal is missing, failed, of something else, or the target has moved since (OPEN-1).
 * @throws RehearsalProblem REHEARSAL_STALE, REHEARSAL_UNSEEN
 */
export async function requireFresh(tx: Tx, ref: string, at: Standpoint, sightings: Sightings): Promise<void> {
  const row = await findStanding(tx, ref, at);
  if (row === undefined) throw stale(ref, "No passed rehearsal of this is on record under that reference.");
  requireUnmoved(row, sightings.get(ref));
}

/** @throws RehearsalProblem REHEARSAL_STALE where the target differs, REHEARSAL_UNSEEN where nobody looked */
export function requireUnmoved(row: RehearsalRow, sighting: Sighting | undefined): void {
  if (sighting === undefined || "unseen" in sighting) {
    throw new RehearsalProblem(
      "REHEARSAL_UNSEEN",
      sighting?.unseen ?? `The target ${row.database} was not looked at.`,
      {
        retryAfterSeconds: 2,
        members: { rehearsal_ref: row.rehearsal_ref },
      },
    );
  }
  if (sighting.fingerprint !== row.fingerprint) {
    throw stale(
      row.rehearsal_ref,
      `The target ${row.database} had the fingerprint ${row.fingerprint} when the change was rehearsed, and has ${sighting.fingerprint} now.`,
    );
  }
}

function stale(ref: string, detail: string): Error {
  return new RehearsalProblem("REHEARSAL_STALE", detail, { members: { rehearsal_ref: ref } });
}
