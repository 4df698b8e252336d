import type { Tx } from "../../database/index.ts";
import type { Act, Outcome } from "../states.ts";

export interface LedgerRow {
  seq: string;
  plan_id: string;
  revision: string;
  plan_digest: string;
  step: number;
  step_digest: string;
  act: Act;
  outcome: Outcome;
  idempotency_root: string;
  approval_code: string | null;
  rehearsal_ref: string | null;
  entry_fingerprint: string | null;
  exit_fingerprint: string | null;
  delta: unknown;
  evidence: unknown;
  backups: unknown;
  documents: unknown;
  error: unknown;
  recorded_by: string;
  recorded_at: Date;
}

const columns = `plan_id, revision, plan_digest, step, step_digest, act, outcome, idempotency_root, approval_code, rehearsal_ref,
  entry_fingerprint, exit_fingerprint, delta, evidence, backups, documents, error, recorded_by`;

function json(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

/** The number is the database's: the next one of the plan, without gaps. */
export async function insertLine(tx: Tx, line: Omit<LedgerRow, "seq" | "recorded_at">): Promise<void> {
  await tx.query(
    `INSERT INTO plan_ledger (seq, ${columns})
     VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
    [
      line.plan_id,
      line.revision,
      line.plan_digest,
      line.step,
      line.step_digest,
      line.act,
      line.outcome,
      line.idempotency_root,
      line.approval_code,
      line.rehearsal_ref,
      line.entry_fingerprint,
      line.exit_fingerprint,
      json(line.delta),
      json(line.evidence),
      json(line.backups),
      json(line.documents),
      json(line.error),
      line.recorded_by,
    ],
  );
}

/** The lines of a plan, oldest first. */
export async function selectLines(tx: Tx, planId: string): Promise<LedgerRow[]> {
  const { rows } = await tx.query<LedgerRow>(
    `SELECT seq, ${columns}, recorded_at FROM plan_ledger WHERE plan_id = $1 ORDER BY seq`,
    [planId],
  );
  return rows;
}

/** The last line of a run: one that was only stopped may have a second one. */
export async function findLineOfRoot(tx: Tx, root: string): Promise<LedgerRow | undefined> {
  const { rows } = await tx.query<LedgerRow>(
    `SELECT seq, ${columns}, recorded_at FROM plan_ledger WHERE idempotency_root = $1 ORDER BY seq DESC LIMIT 1`,
    [root],
  );
  return rows[0];
}
