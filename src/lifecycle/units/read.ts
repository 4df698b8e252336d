import type { Tx } from "../../database/index.ts";
import { pageOf, pageRequest } from "../../kernel/paging.ts";
import type { PageOf } from "../../kernel/schemas.ts";
import { asked } from "../asked.ts";
import type { LogLine, LogQuery, Unit, UnitQuery } from "./schemas.ts";
import { type LogRow, selectLog, selectUnits, type UnitRow } from "./store.ts";

/** Units of a target by address, each with the version that it stands for. @throws LifecycleProblem GATEWAY_NOT_INSTALLED */
export async function listUnits(target: Tx, query: UnitQuery): Promise<PageOf<Unit>> {
  const page = pageRequest(query, ["name"]);
  const rows = await asked(() => selectUnits(target, query, page));
  return pageOf(rows, page.limit, (row) => [row.canonical_address], presentUnit);
}

function presentUnit(row: UnitRow): Unit {
  // A time that is none (`infinity`) is shown as none: it is the verification that finds it.
  return { ...row, enacted_at: row.enacted_at instanceof Date ? row.enacted_at.toISOString() : null };
}

/** The lifecycle log of a target, newest first. @throws LifecycleProblem GATEWAY_NOT_INSTALLED */
export async function listLog(target: Tx, query: LogQuery): Promise<PageOf<LogLine>> {
  const page = pageRequest(query, ["number"]);
  const rows = await asked(() => selectLog(target, query, page));
  return pageOf(rows, page.limit, (row) => [row.log_id], presentLine);
}

/** A line of the log as it is shown. */
export function presentLine({ iu_id, uv_id, uv_content_digest, created_at, ...row }: LogRow): LogLine {
  return {
    ...row,
    log_id: Number(row.log_id),
    unit_id: iu_id,
    version_id: uv_id,
    version_digest: uv_content_digest,
    at: created_at.toISOString(),
  };
}
