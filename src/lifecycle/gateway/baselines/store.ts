import type { Tx } from "../../../database/index.ts";
import type { PageRequest } from "../../../kernel/schemas.ts";

export interface BaselineRow {
  baseline_id: string;
  database: string;
  gateway_digest: string;
  objects: number;
  reason: string;
  taken_by: string;
  taken_at: Date;
}

const columns =
  "baseline_id, database, gateway_digest, jsonb_array_length(content::jsonb) AS objects, reason, taken_by, taken_at";

export interface BaselineInsert {
  readonly database: string;
  readonly gateway_digest: string;
  /** The canonical form of the objects. */
  readonly content: string;
  readonly reason: string;
  readonly takenBy: string;
}

export async function insertBaseline(tx: Tx, row: BaselineInsert): Promise<BaselineRow> {
  const { rows } = await tx.query<BaselineRow>(
    `INSERT INTO gateway_baselines (database, gateway_digest, content, reason, taken_by)
     VALUES ($1, $2, $3, $4, $5) RETURNING ${columns}`,
    [row.database, row.gateway_digest, row.content, row.reason, row.takenBy],
  );
  const [inserted] = rows;
  if (inserted === undefined) throw new Error("the baseline was not written");
  return inserted;
}

/** The baseline that counts; undefined where the gateway of the database was never accepted. */
export async function findLatestBaseline(
  tx: Tx,
  database: string,
): Promise<{ baseline_id: string; gateway_digest: string; content: string } | undefined> {
  const { rows } = await tx.query<{ baseline_id: string; gateway_digest: string; content: string }>(
    "SELECT baseline_id, gateway_digest, content FROM gateway_baselines WHERE database = $1 ORDER BY baseline_id DESC LIMIT 1",
    [database],
  );
  return rows[0];
}

/** Each database whose gateway was accepted, with the digest that counts. */
export async function selectAccepted(tx: Tx): Promise<{ database: string; gateway_digest: string }[]> {
  const { rows } = await tx.query<{ database: string; gateway_digest: string }>(
    "SELECT DISTINCT ON (database) database, gateway_digest FROM gateway_baselines ORDER BY database, baseline_id DESC",
  );
  return rows;
}

export async function selectBaselines(tx: Tx, database: string | undefined, page: PageRequest): Promise<BaselineRow[]> {
  const { rows } = await tx.query<BaselineRow>(
    `SELECT ${columns} FROM gateway_baselines
      WHERE ($1::text IS NULL OR database = $1) AND ($2::bigint IS NULL OR baseline_id < $2)
      ORDER BY baseline_id DESC LIMIT $3`,
    [database ?? null, page.after?.[0] ?? null, page.limit + 1],
  );
  return rows;
}
