import type { Tx } from "../database/index.ts";
import type { PageRequest } from "../kernel/schemas.ts";

export interface RevisionRow {
  plan_id: string;
  revision: string;
  plan_digest: string;
  content: string;
  source: string;
  target: string;
  registered_by: string;
  registered_at: Date;
}

const columns = "plan_id, revision, plan_digest, content, source, target, registered_by, registered_at";

/** False where the revision stands already, whatever its content. */
export async function insertRevision(tx: Tx, row: Omit<RevisionRow, "registered_at">): Promise<boolean> {
  await tx.query("INSERT INTO plans (plan_id, target) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    row.plan_id,
    row.target,
  ]);
  const { rowCount } = await tx.query(
    `INSERT INTO plan_revisions (plan_id, revision, plan_digest, content, source, registered_by)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (plan_id, revision) DO NOTHING`,
    [row.plan_id, row.revision, row.plan_digest, row.content, row.source, row.registered_by],
  );
  return rowCount === 1;
}

export async function findRevision(tx: Tx, planId: string, revision: string): Promise<RevisionRow | undefined> {
  const { rows } = await tx.query<RevisionRow>(
    `SELECT ${columns} FROM plan_revisions WHERE plan_id = $1 AND revision = $2`,
    [planId, revision],
  );
  return rows[0];
}

export async function selectRevisions(
  tx: Tx,
  planId: string | undefined,
  page: PageRequest,
): Promise<(RevisionRow & { position: string })[]> {
  const { rows } = await tx.query<RevisionRow & { position: string }>(
    `SELECT ${columns}, (extract(epoch FROM registered_at) * 1000000)::bigint::text AS position FROM plan_revisions
      WHERE ($1::text IS NULL OR plan_id = $1)
        AND ($2::bigint IS NULL OR (registered_at, plan_id, revision) < (timestamptz 'epoch' + $2 * interval '1 microsecond', $3, $4))
      ORDER BY registered_at DESC, plan_id DESC, revision DESC LIMIT $5`,
    [planId ?? null, page.after?.[0] ?? null, page.after?.[1] ?? null, page.after?.[2] ?? null, page.limit + 1],
  );
  return rows;
}

/** Orders the acts on one plan: each looks at the ledger and adds to it under this lock. */
export async function lockPlan(tx: Tx, planId: string): Promise<void> {
  await tx.query("SELECT FROM plans WHERE plan_id = $1 FOR UPDATE", [planId]);
}

/** The environments that stand for a database in some scope: a hold against one of them is one against its plans (GRANT-9). */
export async function environmentsOf(tx: Tx, database: string): Promise<string[]> {
  const { rows } = await tx.query<{ environment: string }>(
    "SELECT DISTINCT environment FROM scopes WHERE database = $1",
    [database],
  );
  return rows.map((row) => row.environment);
}

export async function passHoldGate(tx: Tx): Promise<void> {
  await tx.query("SELECT pass_hold_gate()");
}

export interface StepRunRow {
  idempotency_root: string;
  plan_id: string;
  revision: string;
  step: number;
  act: "commit" | "rollback";
  step_digest: string;
  approval_code: string | null;
}

/** What a run is of, beside it and in its transaction. */
export async function insertStepRun(tx: Tx, row: StepRunRow): Promise<void> {
  await tx.query(
    `INSERT INTO plan_step_runs (idempotency_root, plan_id, revision, step, act, step_digest, approval_code)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [row.idempotency_root, row.plan_id, row.revision, row.step, row.act, row.step_digest, row.approval_code],
  );
}

/** The run that is committing or rolling back a step of the plan at this moment. */
export async function actingRun(tx: Tx, planId: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ idempotency_root: string }>(
    `SELECT s.idempotency_root FROM plan_step_runs s JOIN c1_build_run r USING (idempotency_root)
      WHERE s.plan_id = $1 AND r.mode = 'commit' AND r.reserved AND r.status IN ('running', 'compensating', 'indeterminate') LIMIT 1`,
    [planId],
  );
  return rows[0]?.idempotency_root;
}

export async function findStepRun(tx: Tx, root: string): Promise<StepRunRow | undefined> {
  const { rows } = await tx.query<StepRunRow>(
    `SELECT idempotency_root, plan_id, revision, step, act, step_digest, approval_code FROM plan_step_runs WHERE idempotency_root = $1`,
    [root],
  );
  return rows[0];
}
