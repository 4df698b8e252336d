import { digestOf } from "../../../kernel/json.ts";
import { governedTables } from "../../gateway/schemas.ts";
import { cut } from "../bounds.ts";
import type { Sighted } from "../store.ts";
import type { RefusedRow } from "./store.ts";

/** Everything that the detector names; whatever else it says is `unknown`. */
const objects: ReadonlySet<string> = new Set([
  ...governedTables,
  "cutter_governance",
  "public.iu_lifecycle_log_log_id_seq",
  "public.fn_iu_enact",
  "public.fn_iu_supersede",
  "public.fn_iu_retire",
  "public.fn_iu_amend_identity_profile",
]);
const operations: ReadonlySet<string> = new Set([
  "INSERT",
  "UPDATE",
  "DELETE",
  "TRUNCATE",
  "MERGE",
  "COPY",
  "ALTER",
  "DROP",
  "CREATE",
  "GRANT",
  "REVOKE",
  "COMMENT",
  "EXECUTE",
  "SELECT FOR UPDATE",
]);
const unknown = "unknown";
const sessionPattern = /^[0-9a-zA-Z.]{1,64}$/;
const linePattern = /^[0-9]{1,19}$/;

/**
 * What one row of the detector says, in bounds. The detector is a function of the target, and part of what it reads was
 * written by whoever tried: nothing of it is trusted to be short, well formed or a moment (OPEN-10).
 */
export function sighted(row: RefusedRow): Sighted[] {
  if (row.session_id === null) return [];
  const { role, application_name, remote_host, sqlstate, message, statement_sha256 } = row;
  return [
    {
      kind: "direct_write_refused",
      subject: row.object !== null && objects.has(row.object) ? row.object : unknown,
      sighting: lineOf(row.session_id, row.line_num),
      detail: {
        operation: row.operation !== null && operations.has(row.operation) ? row.operation : "UNKNOWN",
        role: short(role, 200),
        application_name: short(application_name, 200),
        remote_host: short(remote_host, 200),
        sqlstate: short(sqlstate, 5),
        message: short(message, 1_000),
        statement_sha256: short(statement_sha256, 64),
        at: momentOf(row.at),
      },
    },
  ];
}

function lineOf(session: string, line: string | null): string {
  if (sessionPattern.test(session) && linePattern.test(line ?? "")) return `${session}/${line}`;
  return digestOf([cut(session, 1_000), cut(line ?? "", 1_000)]);
}

function short(text: string | null, most: number): string | null {
  return text === null ? null : cut(text, most);
}

/** The driver answers `infinity` as a number, and a year that has no date as one that is none. */
function momentOf(at: unknown): string | null {
  return at instanceof Date && Number.isFinite(at.getTime()) ? at.toISOString() : null;
}
