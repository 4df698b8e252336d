import type { Tx } from "../../database/index.ts";
import type { PageRequest } from "../../kernel/schemas.ts";
import type { LogQuery, UnitQuery } from "./schemas.ts";

export interface UnitRow {
  unit_id: string;
  canonical_address: string;
  title: string | null;
  lifecycle_status: string;
  version_id: string | null;
  version_seq: number | null;
  version_status: string | null;
  version_digest: string | null;
  enacted_at: Date | null;
  newest_version_id: string | null;
  newest_version_seq: number | null;
  newest_version_status: string | null;
  newest_version_digest: string | null;
}

const unitQuery = `
  SELECT u.id AS unit_id, u.canonical_address, u.title, u.lifecycle_status,
         a.id AS version_id, a.version_seq, a.lifecycle_status AS version_status, a.content_digest AS version_digest, a.enacted_at,
         n.id AS newest_version_id, n.version_seq AS newest_version_seq, n.lifecycle_status AS newest_version_status,
         n.content_digest AS newest_version_digest
    FROM public.information_unit u
    LEFT JOIN public.unit_version a ON a.id = u.version_anchor_ref
    LEFT JOIN LATERAL (SELECT v.id, v.version_seq, v.lifecycle_status, v.content_digest FROM public.unit_version v
                        WHERE v.unit_id = u.id ORDER BY v.version_seq DESC LIMIT 1) n ON true`;

/** Units by address, one more than the page holds. */
export async function selectUnits(target: Tx, query: UnitQuery, page: PageRequest): Promise<UnitRow[]> {
  const { rows } = await target.query<UnitRow>(
    `${unitQuery}
      WHERE ($1::text IS NULL OR u.lifecycle_status = $1) AND ($2::text IS NULL OR starts_with(u.canonical_address, $2))
        AND ($3::text IS NULL OR u.canonical_address > $3)
      ORDER BY u.canonical_address LIMIT $4`,
    [query.status ?? null, query.address_prefix ?? null, page.after?.[0] ?? null, page.limit + 1],
  );
  return rows;
}

/** The units of these addresses, in the order of their addresses. */
export async function selectUnitsNamed(target: Tx, addresses: readonly string[]): Promise<UnitRow[]> {
  const { rows } = await target.query<UnitRow>(
    `${unitQuery} WHERE u.canonical_address = ANY ($1) ORDER BY u.canonical_address COLLATE "C"`,
    [addresses],
  );
  return rows;
}

/** Units that begin with the prefix and are in this status, one more than `most` if there are more. */
export async function selectUnitsBelow(
  target: Tx,
  prefix: string,
  statuses: readonly string[],
  most: number,
): Promise<UnitRow[]> {
  const { rows } = await target.query<UnitRow>(
    `${unitQuery} WHERE starts_with(u.canonical_address, $1) AND u.lifecycle_status = ANY ($2)
      ORDER BY u.canonical_address COLLATE "C" LIMIT $3`,
    [prefix, statuses, most + 1],
  );
  return rows;
}

export interface LogRow {
  log_id: string;
  canonical_address: string;
  iu_id: string;
  uv_id: string | null;
  transition_type: string;
  from_status: string | null;
  to_status: string | null;
  actor: string;
  review_decision_id: string | null;
  change_set_id: string | null;
  reason: string | null;
  run_ref: string | null;
  uv_content_digest: string | null;
  session_role: string;
  created_at: Date;
}

/** The log, newest first, one line more than the page holds. */
export async function selectLog(target: Tx, query: LogQuery, page: PageRequest): Promise<LogRow[]> {
  const { rows } = await target.query<LogRow>(
    `SELECT l.log_id, l.canonical_address, l.iu_id, l.uv_id, l.transition_type, l.from_status, l.to_status, l.actor,
            l.review_decision_id, l.change_set_id, l.reason, l.run_ref, l.uv_content_digest, l.session_role::text, l.created_at
       FROM public.iu_lifecycle_log l
      WHERE ($1::text IS NULL OR l.iu_id = (SELECT id FROM public.information_unit WHERE canonical_address = $1))
        AND ($2::text IS NULL OR l.run_ref = $2) AND ($3::bigint IS NULL OR l.log_id < $3)
      ORDER BY l.log_id DESC LIMIT $4`,
    [query.canonical_address ?? null, query.run_ref ?? null, page.after?.[0] ?? null, page.limit + 1],
  );
  return rows;
}
