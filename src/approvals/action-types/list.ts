import type { Tx } from "../../database/index.ts";
import { pageOf, pageRequest } from "../../kernel/paging.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { PageOf } from "../../kernel/schemas.ts";
import type { ActionType } from "../schemas.ts";
import { type ActionTypeRow, findActionType, selectActionTypes } from "./store.ts";

/** The routing table, newest first. */
export async function listActionTypes(tx: Tx, query: { limit?: number; cursor?: string }): Promise<PageOf<ActionType>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectActionTypes(tx, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.action_code], presentActionType);
}

/** One action type. @throws ServiceProblem NOT_FOUND */
export async function readActionType(tx: Tx, code: string): Promise<ActionType> {
  const row = await findActionType(tx, code);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no action type ${code}.`);
  return presentActionType(row);
}

export function presentActionType(row: ActionTypeRow): ActionType {
  const { action_code, handler_ref, risk_level, quorum, council_quorum, status, origin } = row;
  return {
    action_code,
    handler_ref,
    risk_level,
    quorum,
    council_quorum,
    status,
    origin,
    retired_at: row.retired_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
