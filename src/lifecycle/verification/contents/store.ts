import type { Tx } from "../../../database/index.ts";

export interface VocabularyRow {
  readonly code: string;
  readonly name: string;
  readonly sort_order: number;
}

export async function selectVocabulary(tx: Tx): Promise<VocabularyRow[]> {
  const { rows } = await tx.query<VocabularyRow>(
    `SELECT code, name, sort_order FROM public.iu_lifecycle_vocab ORDER BY sort_order, code COLLATE "C"`,
  );
  return rows;
}

export async function selectConfig(tx: Tx, pattern: string): Promise<{ key: string; value: string }[]> {
  const { rows } = await tx.query<{ key: string; value: string }>(
    `SELECT key, value FROM public.dot_config WHERE key ~ $1 ORDER BY key COLLATE "C"`,
    [pattern],
  );
  return rows;
}

/** `table` is one of our own constants, never from outside. */
export async function countRows(tx: Tx, table: string): Promise<number> {
  const { rows } = await tx.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`);
  return Number(rows[0]?.n);
}

export async function countByStatus(tx: Tx, prefix: string): Promise<{ status: string; n: number }[]> {
  const { rows } = await tx.query<{ status: string; n: string }>(
    `SELECT lifecycle_status AS status, count(*) AS n FROM public.information_unit
      WHERE starts_with(canonical_address, $1) GROUP BY 1 ORDER BY 1`,
    [prefix],
  );
  return rows.map(({ status, n }) => ({ status, n: Number(n) }));
}

export interface Told {
  readonly units: number;
  readonly versions: number;
  readonly log_rows: number;
  readonly contradictions: number;
  /** The first of them, by address. */
  readonly examples: { canonical_address: string; version_id: string | null; problem: string }[];
}

/** How many examples a report shows. */
const shown = 20;

const noLog = `SELECT NULL::bigint AS log_id, NULL::uuid AS iu_id, NULL::uuid AS uv_id, NULL::text AS canonical_address, NULL::text AS transition_type,
  NULL::text AS from_status, NULL::text AS to_status, NULL::uuid AS review_decision_id, NULL::text AS uv_content_digest WHERE false`;

/** Lines whose decision is missing, is no approval, is of another kind, or is not about the address; of `log` and `superseding`. */
const undecidedLines = `
       SELECT log.canonical_address, log.uv_id, format('row %s of the log names the decision %s, which is not there', log.log_id, log.review_decision_id)
         FROM log WHERE log.review_decision_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM cutter_governance.review_decision AS d WHERE d.id = log.review_decision_id)
       UNION ALL
       SELECT log.canonical_address, log.uv_id, format('row %s of the log names no decision', log.log_id)
         FROM log WHERE log.review_decision_id IS NULL
          AND NOT (log.transition_type = 'enact'
                   AND EXISTS (SELECT FROM public.dot_config AS c WHERE c.key = 'iu_enact.allow_no_review_decision' AND c.value = 'true'))
       UNION ALL
       SELECT log.canonical_address, log.uv_id, format('row %s of the log names the decision %s, which is %s', log.log_id, d.id, w.what)
         FROM log JOIN cutter_governance.review_decision AS d ON d.id = log.review_decision_id
         LEFT JOIN superseding AS s ON s.iu_id = log.iu_id AND s.review_decision_id = log.review_decision_id AND s.log_id < log.log_id
        CROSS JOIN LATERAL (SELECT CASE
                WHEN d.decision <> 'approve' THEN 'no approval'
                WHEN d.decision_kind <> CASE log.transition_type
                       -- What takes the place of a superseded version is enacted by the same decision.
                       WHEN 'enact' THEN CASE WHEN s.log_id IS NULL THEN 'enactment' ELSE 'supersession' END
                       WHEN 'supersede' THEN 'supersession' WHEN 'retire' THEN 'retirement' ELSE 'amendment' END
                  THEN 'one of ' || d.decision_kind
                WHEN NOT EXISTS (SELECT FROM unnest(d.subjects) AS a (subject)
                                  WHERE a.subject = log.canonical_address
                                     OR (a.subject LIKE '%/*' AND starts_with(log.canonical_address, left(a.subject, -1))))
                  THEN 'about other addresses' END AS what) AS w
        WHERE w.what IS NOT NULL`;

/**
 * Compares the state of units and versions with the log, both ways: each version is what its last transition has made it,
 * each unit is what its anchor is, each row of the log follows on the one before it, is of the version's own content, and names
 * an approval of its own kind that covers the address.
 * @param hasLog false before the roll-out: then everything must be a draft
 * @param most how many contradictions are answered one by one
 */
export async function compareWithLog(tx: Tx, hasLog: boolean, most: number = shown): Promise<Told> {
  const { rows } = await tx.query<{
    units: string;
    versions: string;
    log_rows: string;
    contradictions: string;
    examples: Told["examples"];
  }>(
    `WITH log AS MATERIALIZED (${hasLog ? `SELECT log_id, iu_id, uv_id, canonical_address, transition_type, from_status, to_status, review_decision_id, uv_content_digest FROM public.iu_lifecycle_log` : noLog}),
     step AS MATERIALIZED (
       SELECT log.*, lag(to_status, 1, 'draft') OVER (PARTITION BY uv_id ORDER BY log_id) AS was,
              row_number() OVER (PARTITION BY uv_id ORDER BY log_id DESC) AS from_last,
              count(*) OVER (PARTITION BY uv_id, transition_type) AS times
         FROM log WHERE transition_type <> 'amend_identity_profile'),
     unit AS MATERIALIZED (SELECT id, canonical_address, title, lifecycle_status, version_anchor_ref FROM public.information_unit WHERE lifecycle_status <> 'draft'),
     version AS MATERIALIZED (SELECT id, unit_id, title, lifecycle_status FROM public.unit_version WHERE lifecycle_status <> 'draft'),
     superseding AS MATERIALIZED (SELECT iu_id, review_decision_id, min(log_id) AS log_id FROM log WHERE transition_type = 'supersede' GROUP BY 1, 2),
     told AS (
       SELECT u.canonical_address, v.id AS version_id,
              format('the version is %s, and the log has no transition of it', v.lifecycle_status) AS problem
         FROM version AS v JOIN public.information_unit AS u ON u.id = v.unit_id
        WHERE NOT EXISTS (SELECT FROM step WHERE step.uv_id = v.id)
       UNION ALL
       SELECT step.canonical_address, step.uv_id, format('the log says %s, the version is %s', step.to_status, coalesce(v.lifecycle_status, 'missing'))
         FROM step LEFT JOIN public.unit_version AS v ON v.id = step.uv_id
        WHERE step.from_last = 1 AND v.lifecycle_status IS DISTINCT FROM step.to_status
       UNION ALL
       SELECT u.canonical_address, v.id, format('the unit is %s, its anchor is %s', u.lifecycle_status, coalesce(v.lifecycle_status, 'missing'))
         FROM unit AS u LEFT JOIN public.unit_version AS v ON v.id = u.version_anchor_ref AND v.unit_id = u.id
        WHERE v.lifecycle_status IS DISTINCT FROM u.lifecycle_status
       UNION ALL
       SELECT u.canonical_address, v.id,
              -- The same contradiction is told once: with other titles it is another.
              format('the title of the unit (%s) is not that of its version (%s)', left(md5(u.title), 8), left(md5(v.title), 8))
         FROM unit AS u JOIN version AS v ON v.id = u.version_anchor_ref WHERE v.title IS DISTINCT FROM u.title
       UNION ALL
       SELECT u.canonical_address, v.id, format('the unit is draft, its anchor is %s', v.lifecycle_status)
         FROM version AS v JOIN public.information_unit AS u ON u.version_anchor_ref = v.id WHERE u.lifecycle_status = 'draft'
       UNION ALL
       SELECT step.canonical_address, step.uv_id, format('row %s of the log is from %s, the version was %s', step.log_id, step.from_status, step.was)
         FROM step WHERE step.from_status IS DISTINCT FROM step.was
       UNION ALL
       SELECT step.canonical_address, step.uv_id, format('the log has %s rows of type %s for the version', step.times, step.transition_type)
         FROM step WHERE step.times > 1
       UNION ALL
       SELECT log.canonical_address, log.uv_id, format('row %s of the log is not of this unit and this content', log.log_id)
         FROM log
        WHERE NOT EXISTS (SELECT FROM public.unit_version AS v JOIN public.information_unit AS u ON u.id = v.unit_id
                           WHERE v.id = log.uv_id AND u.id = log.iu_id AND u.canonical_address = log.canonical_address
                             -- What is amended may be a draft, whose content may still change.
                             AND (v.content_digest = log.uv_content_digest OR log.transition_type = 'amend_identity_profile'))
       UNION ALL ${undecidedLines})
     SELECT (SELECT count(*) FROM unit) AS units, (SELECT count(*) FROM version) AS versions, (SELECT count(*) FROM log) AS log_rows,
            (SELECT count(*) FROM told) AS contradictions,
            coalesce((SELECT json_agg(t) FROM (SELECT left(canonical_address, 400) AS canonical_address, version_id, left(problem, 500) AS problem FROM told
                        ORDER BY told.canonical_address COLLATE "C", version_id, told.problem COLLATE "C" LIMIT $1) AS t), '[]') AS examples`,
    [most],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("an aggregate answered no row");
  return {
    units: Number(row.units),
    versions: Number(row.versions),
    log_rows: Number(row.log_rows),
    contradictions: Number(row.contradictions),
    examples: row.examples,
  };
}
