import type { Tx } from "../../database/index.ts";
import type { LogLine } from "../units/schemas.ts";

export interface NamedVersion {
  readonly canonical_address: string;
  readonly version_id: string;
}

export interface VersionNow {
  readonly canonical_address: string;
  readonly unit_status: string | null;
  readonly version_status: string | null;
  readonly digest_now: string | null;
  readonly last_status: string | null;
  readonly last_transition: string | null;
  readonly last_run: string | null;
}

/** How these versions stand, each with its last transition, in the order of the addresses. */
export async function selectVersionsNow(target: Tx, versions: readonly NamedVersion[]): Promise<VersionNow[]> {
  const { rows } = await target.query<VersionNow>(
    `SELECT a.canonical_address, u.lifecycle_status AS unit_status, v.lifecycle_status AS version_status, v.content_digest AS digest_now,
            l.to_status AS last_status, l.transition_type AS last_transition, l.run_ref AS last_run
       FROM jsonb_to_recordset($1::jsonb) AS a (canonical_address text, version_id uuid)
       LEFT JOIN public.information_unit AS u ON u.canonical_address = a.canonical_address
       LEFT JOIN public.unit_version AS v ON v.id = a.version_id AND v.unit_id = u.id
       LEFT JOIN LATERAL (SELECT o.to_status, o.transition_type, o.run_ref FROM public.iu_lifecycle_log AS o
                           WHERE o.uv_id = v.id AND o.transition_type <> 'amend_identity_profile' ORDER BY o.log_id DESC LIMIT 1) AS l ON true
      ORDER BY a.canonical_address COLLATE "C"`,
    [JSON.stringify(versions)],
  );
  return rows;
}

type LineRow = Omit<LogLine, "at"> & { readonly at: Date };

/** The lines of the log that these runs have written, in their order. */
export async function selectLines(target: Tx, refs: readonly string[]): Promise<LogLine[]> {
  const { rows } = await target.query<LineRow>(
    `SELECT log_id::integer AS log_id, canonical_address, iu_id AS unit_id, uv_id AS version_id, transition_type, from_status, to_status,
            actor, review_decision_id, change_set_id, reason, run_ref, uv_content_digest AS version_digest, session_role, created_at AS at
       FROM public.iu_lifecycle_log WHERE run_ref = ANY ($1) ORDER BY iu_lifecycle_log.log_id`,
    [refs],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Rows of the three tables that a lifecycle run writes to. */
export async function countWritten(target: Tx): Promise<{ table: string; rows: number }[]> {
  const { rows } = await target.query<{ table: string; n: string }>(
    `SELECT 'public.information_unit' AS table, count(*) AS n FROM public.information_unit
     UNION ALL SELECT 'public.unit_version', count(*) FROM public.unit_version
     UNION ALL SELECT 'public.iu_lifecycle_log', count(*) FROM public.iu_lifecycle_log`,
  );
  return rows.map(({ table, n }) => ({ table, rows: Number(n) }));
}
