import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { Risk } from "../quorum.ts";

export interface ActionTypeRow {
  action_code: string;
  handler_ref: string;
  risk_level: Risk;
  quorum: number;
  council_quorum: number;
  status: "active" | "retired";
  origin: string;
  retired_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const columns = `action_code, handler_ref, risk_level, quorum, council_quorum, status, _dot_origin AS origin, retired_at,
  created_at, updated_at`;

export async function findActionType(tx: Tx, code: string): Promise<ActionTypeRow | undefined> {
  const { rows } = await tx.query<ActionTypeRow>(`SELECT ${columns} FROM apr_action_types WHERE action_code = $1`, [
    code,
  ]);
  return rows[0];
}

export async function lockActionType(tx: Tx, code: string): Promise<ActionTypeRow | undefined> {
  const { rows } = await tx.query<ActionTypeRow>(
    `SELECT ${columns} FROM apr_action_types WHERE action_code = $1 FOR UPDATE`,
    [code],
  );
  return rows[0];
}

export interface ActionTypeValues {
  readonly handlerRef: string;
  readonly riskLevel: Risk;
  readonly quorum: number;
  readonly councilQuorum: number;
  readonly retired: boolean;
}

/** Undefined when the code is taken. */
export async function insertActionType(
  tx: Tx,
  code: string,
  origin: string,
  values: ActionTypeValues,
): Promise<ActionTypeRow | undefined> {
  const { rows } = await tx.query<ActionTypeRow>(
    `INSERT INTO apr_action_types (action_code, handler_ref, risk_level, quorum, council_quorum, status, retired_at, _dot_origin)
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'retired' ELSE 'active' END, CASE WHEN $6 THEN clock_timestamp() END, $7)
     ON CONFLICT (action_code) DO NOTHING RETURNING ${columns}`,
    [code, values.handlerRef, values.riskLevel, values.quorum, values.councilQuorum, values.retired, origin],
  );
  return rows[0];
}

export async function updateActionType(tx: Tx, code: string, values: ActionTypeValues): Promise<ActionTypeRow> {
  const { rows } = await tx.query<ActionTypeRow>(
    `UPDATE apr_action_types
        SET handler_ref = $2, risk_level = $3, quorum = $4, council_quorum = $5, updated_at = clock_timestamp(),
            status = CASE WHEN $6 THEN 'retired' ELSE 'active' END, retired_at = CASE WHEN $6 THEN clock_timestamp() END
      WHERE action_code = $1 RETURNING ${columns}`,
    [code, values.handlerRef, values.riskLevel, values.quorum, values.councilQuorum, values.retired],
  );
  return rows[0] as ActionTypeRow;
}

export async function selectActionTypes(tx: Tx, page: PageRequest): Promise<(ActionTypeRow & { position: string })[]> {
  const { rows } = await tx.query<ActionTypeRow & { position: string }>(
    `SELECT ${columns}, (extract(epoch FROM created_at) * 1000000)::bigint::text AS position
       FROM apr_action_types
      WHERE $1::bigint IS NULL OR (created_at, action_code) < (timestamptz 'epoch' + $1 * interval '1 microsecond', $2)
      ORDER BY created_at DESC, action_code DESC LIMIT $3`,
    [page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit + 1],
  );
  return rows;
}

export async function activeActionTypes(tx: Tx): Promise<ActionTypeRow[]> {
  const { rows } = await tx.query<ActionTypeRow>(
    `SELECT ${columns} FROM apr_action_types WHERE status = 'active' ORDER BY action_code`,
  );
  return rows;
}
