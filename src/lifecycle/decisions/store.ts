import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { DecisionQuery, ReviewDecision } from "./schemas.ts";

export interface DecisionRow extends Omit<ReviewDecision, "decided_at" | "carried_at"> {
  decided_at: Date;
  carried_at: Date | null;
  position: string;
}

const decisionQuery = `
  SELECT d.decision_id, d.database, d.decision_kind, d.decision, d.subjects, d.reason, d.document_digest, d.decided_by, d.decided_at,
         c.carried_at, (extract(epoch FROM d.decided_at) * 1000000)::bigint AS position
    FROM review_decisions d LEFT JOIN review_decision_deliveries c USING (decision_id)`;

export type NewDecision = Omit<ReviewDecision, "decided_at" | "carried_at">;

export async function insertDecision(tx: Tx, one: NewDecision): Promise<void> {
  await tx.query(
    `INSERT INTO review_decisions (decision_id, database, decision_kind, decision, subjects, reason, document_digest, decided_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      one.decision_id,
      one.database,
      one.decision_kind,
      one.decision,
      one.subjects,
      one.reason,
      one.document_digest,
      one.decided_by,
    ],
  );
}

export async function findDecision(tx: Tx, id: string): Promise<DecisionRow | undefined> {
  const { rows } = await tx.query<DecisionRow>(`${decisionQuery} WHERE d.decision_id = $1`, [id]);
  return rows[0];
}

export async function selectDecisions(tx: Tx, query: DecisionQuery, page: PageRequest): Promise<DecisionRow[]> {
  const { rows } = await tx.query<DecisionRow>(
    `${decisionQuery}
      WHERE ($1::text IS NULL OR d.database = $1) AND ($2::text IS NULL OR d.decision_kind = $2)
        AND ($3::bigint IS NULL OR (d.decided_at, d.decision_id::text COLLATE "C") < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4))
      ORDER BY d.decided_at DESC, d.decision_id DESC LIMIT $5`,
    [
      query.database ?? null,
      query.decision_kind ?? null,
      page.after?.[0] ?? null,
      page.after?.[1] ?? null,
      page.limit + 1,
    ],
  );
  return rows;
}

/** The databases that wait for a decision. */
export async function databasesWaiting(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ database: string }>(
    `SELECT DISTINCT d.database FROM review_decisions d LEFT JOIN review_decision_deliveries c USING (decision_id)
      WHERE c.decision_id IS NULL`,
  );
  return rows.map((row) => row.database);
}

/** Decisions that a target may not have yet, the oldest first. */
export async function selectUndelivered(tx: Tx, database: string): Promise<DecisionRow[]> {
  const { rows } = await tx.query<DecisionRow>(
    `${decisionQuery} WHERE c.decision_id IS NULL AND d.database = $1 ORDER BY d.decided_at, d.decision_id LIMIT 200`,
    [database],
  );
  return rows;
}

export async function insertDelivery(tx: Tx, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    "INSERT INTO review_decision_deliveries (decision_id) VALUES ($1) ON CONFLICT DO NOTHING",
    [id],
  );
  return rowCount === 1;
}

/** Has the target's own recorder write it down; the same again is no other (LIFE-6). */
export async function recordInTarget(target: Tx, row: DecisionRow): Promise<void> {
  await target.query("SELECT cutter_governance.fn_record_review_decision($1, $2, $3, $4, $5, $6, $7, $8)", [
    row.decision_id,
    row.decision_kind,
    row.decision,
    row.subjects,
    row.reason,
    row.document_digest,
    row.decided_by,
    row.decided_at,
  ]);
}
