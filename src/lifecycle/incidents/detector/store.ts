import type { Tx } from "../../../database/index.ts";

export interface RefusedRow {
  file: string | null;
  next_position: string | null;
  /** Null in the row that only says where to go on. */
  session_id: string | null;
  line_num: string | null;
  at: Date | null;
  role: string | null;
  application_name: string | null;
  remote_host: string | null;
  sqlstate: string | null;
  message: string | null;
  statement_sha256: string | null;
  operation: string | null;
  object: string | null;
}

/** Whether the target has the detector, and this role may call it. */
export async function hasDetector(target: Tx): Promise<boolean> {
  const { rows } = await target.query<{ callable: boolean }>(
    `SELECT coalesce(pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('public.fn_iu_refused_writes(text,bigint)')::oid, 'EXECUTE'), false) AS callable`,
  );
  return rows[0]?.callable === true;
}

/** One piece of the server's log, from a place on. */
export async function readPiece(
  target: Tx,
  file: string | undefined,
  position: string | undefined,
): Promise<RefusedRow[]> {
  const { rows } = await target.query<RefusedRow>(
    `SELECT file, next_position, session_id, line_num, at, role, application_name, remote_host, sqlstate, message, statement_sha256, operation, object
       FROM public.fn_iu_refused_writes($1, $2)`,
    [file ?? null, position ?? null],
  );
  return rows;
}
