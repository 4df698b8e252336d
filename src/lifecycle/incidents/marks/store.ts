import type { Tx } from "../../../database/index.ts";

/** How far a log was seen, and what its lines after the mark before it said. */
export interface Mark {
  readonly log_id: string;
  readonly after_log_id: string;
  readonly digest: string;
  readonly lines: string;
}

/** The marks of a target, the oldest first. */
export async function selectMarks(tx: Tx, database: string): Promise<Mark[]> {
  const { rows } = await tx.query<Mark>(
    "SELECT log_id, after_log_id, digest, lines FROM lifecycle_log_marks WHERE database = $1 ORDER BY log_id",
    [database],
  );
  return rows;
}

/** Adds a mark. Where another look has marked from the same place, its mark stays. @returns whether this one was added */
export async function insertMark(tx: Tx, database: string, mark: Mark): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO lifecycle_log_marks (database, log_id, after_log_id, digest, lines) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [database, mark.log_id, mark.after_log_id, mark.digest, mark.lines],
  );
  return rowCount === 1;
}

/**
 * The newest line that no line before it can still come to: numbers are given out in order and lines are committed in any, so
 * nobody may be writing once the newest was seen. Undefined where somebody is, and where there is no line.
 */
export async function newestSettled(target: Tx): Promise<string | undefined> {
  const newest = await target.query<{ log_id: string | null }>(
    "SELECT max(log_id)::text AS log_id FROM ONLY public.iu_lifecycle_log",
  );
  const writing = await target.query<{ some: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                     WHERE l.locktype = 'relation' AND l.relation = 'public.iu_lifecycle_log'::regclass AND l.granted
                       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = current_database())
                       AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) AS some`,
  );
  if (writing.rows[0]?.some !== false) return undefined;
  return newest.rows[0]?.log_id ?? undefined;
}

export interface MarkedLine {
  readonly log_id: string;
  readonly canonical_address: string;
  readonly uv_id: string;
  /** Over every column of the line, and the title and body of its version; an amended one may be a draft, which still changes. */
  readonly digest: string;
  /** Whether the body is the one of the version's digest. */
  readonly whole: boolean;
}

/** Lines after one number and up to another, in their order, at most so many. */
export async function selectLinesAfter(
  target: Tx,
  after: string,
  through: string,
  most: number,
): Promise<MarkedLine[]> {
  const { rows } = await target.query<MarkedLine>(
    `SELECT l.log_id::text AS log_id, left(l.canonical_address, 400) AS canonical_address, l.uv_id,
            encode(sha256(convert_to(jsonb_build_array(
              l.log_id, l.iu_id, l.uv_id, l.canonical_address, l.transition_type, l.from_status, l.to_status, l.actor, l.review_decision_id,
              l.change_set_id, l.reason, l.run_ref, l.uv_content_digest, l.session_role, extract(epoch FROM l.created_at)::text,
              CASE WHEN l.transition_type <> 'amend_identity_profile'
                   THEN jsonb_build_array(v.title, v.content_digest, b.digest) END)::text, 'UTF8')), 'hex') AS digest,
            b.digest IS NOT DISTINCT FROM v.content_digest AS whole
       FROM (SELECT o.* FROM ONLY public.iu_lifecycle_log AS o WHERE o.log_id > $1 AND o.log_id <= $2 ORDER BY o.log_id LIMIT $3) AS l
       LEFT JOIN public.unit_version AS v ON v.id = l.uv_id
       LEFT JOIN LATERAL (SELECT 'sha256:' || encode(sha256(convert_to(v.body, 'UTF8')), 'hex') AS digest) AS b ON true
      ORDER BY l.log_id`,
    [after, through, most],
  );
  return rows;
}
