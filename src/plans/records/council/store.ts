import type { Tx } from "../../../database/index.ts";
import type { PageRequest } from "../../../kernel/schemas.ts";

export interface CouncilRow {
  record_code: string;
  kind: "C-1" | "C-2";
  plan_id: string;
  revision: string;
  plan_digest: string;
  step: number;
  decision: string;
  document_digest: string | null;
  recorded_by: string;
  recorded_at: Date;
  revoked_at: Date | null;
  revoked_by: string | null;
  revoked_reason: string | null;
}

const columns = `record_code, kind, plan_id, revision, plan_digest, step, decision, document_digest, recorded_by, recorded_at,
  revoked_at, revoked_by, revoked_reason`;

export async function insertCouncilRecord(
  tx: Tx,
  row: Omit<CouncilRow, "recorded_at" | "revoked_at" | "revoked_by" | "revoked_reason">,
): Promise<CouncilRow> {
  const { rows } = await tx.query<CouncilRow>(
    `INSERT INTO council_records (record_code, kind, plan_id, revision, plan_digest, step, decision, document_digest, recorded_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${columns}`,
    [
      row.record_code,
      row.kind,
      row.plan_id,
      row.revision,
      row.plan_digest,
      row.step,
      row.decision,
      row.document_digest,
      row.recorded_by,
    ],
  );
  return rows[0] as CouncilRow;
}

export async function lockCouncilRecord(tx: Tx, code: string): Promise<CouncilRow | undefined> {
  const { rows } = await tx.query<CouncilRow>(
    `SELECT ${columns} FROM council_records WHERE record_code = $1 FOR UPDATE`,
    [code],
  );
  return rows[0];
}

export async function setCouncilRevoked(tx: Tx, code: string, by: string, reason: string): Promise<void> {
  await tx.query(
    "UPDATE council_records SET revoked_at = clock_timestamp(), revoked_by = $2, revoked_reason = $3 WHERE record_code = $1",
    [code, by, reason],
  );
}

/** The records of a step that stand; share-locked, so that none is revoked while they are used. */
export async function standingRecords(tx: Tx, planId: string, revision: string, step: number): Promise<CouncilRow[]> {
  const { rows } = await tx.query<CouncilRow>(
    `SELECT ${columns} FROM council_records
      WHERE plan_id = $1 AND revision = $2 AND step = $3 AND revoked_at IS NULL ORDER BY kind FOR SHARE`,
    [planId, revision, step],
  );
  return rows;
}

export async function selectCouncilRecords(
  tx: Tx,
  filter: { readonly plan_id?: string | undefined; readonly revision?: string | undefined },
  page: PageRequest,
): Promise<(CouncilRow & { position: string })[]> {
  const { rows } = await tx.query<CouncilRow & { position: string }>(
    `SELECT ${columns}, (extract(epoch FROM recorded_at) * 1000000)::bigint::text AS position FROM council_records
      WHERE ($1::text IS NULL OR plan_id = $1) AND ($2::text IS NULL OR revision = $2)
        AND ($3::bigint IS NULL OR (recorded_at, record_code) < (timestamptz 'epoch' + $3 * interval '1 microsecond', $4))
      ORDER BY recorded_at DESC, record_code DESC LIMIT $5`,
    [filter.plan_id ?? null, filter.revision ?? null, page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit + 1],
  );
  return rows;
}
