import type { Tx } from "../database/index.ts";

export interface RehearsalRow {
  rehearsal_ref: string;
  content: string;
  idempotency_root: string;
  auth_code: string;
  build: string;
  database: string;
  plan_id: string;
  plan_revision: string;
  manifest_digest: string;
  schema_digest: string;
  rollback_plan_ref: string;
  fingerprint: string;
  passed: boolean;
  recorded_at: Date;
}

const columns = `rehearsal_ref, content, idempotency_root, auth_code, build, database, plan_id, plan_revision, manifest_digest,
  schema_digest, rollback_plan_ref, fingerprint, passed, recorded_at`;

/** The same content again is the same row: its reference is its digest. */
export async function insertRehearsal(tx: Tx, ref: string, content: string): Promise<void> {
  await tx.query(
    "INSERT INTO rehearsals (rehearsal_ref, content) VALUES ($1, $2) ON CONFLICT (rehearsal_ref) DO NOTHING",
    [ref, content],
  );
}

export async function findRehearsal(tx: Tx, ref: string): Promise<RehearsalRow | undefined> {
  const { rows } = await tx.query<RehearsalRow>(`SELECT ${columns} FROM rehearsals WHERE rehearsal_ref = $1`, [ref]);
  return rows[0];
}

export async function findRehearsalOfRun(tx: Tx, root: string): Promise<RehearsalRow | undefined> {
  const { rows } = await tx.query<RehearsalRow>(`SELECT ${columns} FROM rehearsals WHERE idempotency_root = $1`, [
    root,
  ]);
  return rows[0];
}
