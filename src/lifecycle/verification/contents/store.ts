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
  readonly examples: { canonical_address: string; version_id: string | null; problem: string }[];
}

const noLog = `SELECT NULL::bigint AS log_id, NULL::uuid AS iu_id, NULL::uuid AS uv_id, NULL::text AS canonical_address, NULL::text AS transition_type,
  NULL::text AS from_status, NULL::text AS to_status, NULL::uuid AS review_decision_id, NULL::text AS uv_content_digest WHERE false`;

/**
 * Compares the state of units and versions with the log, both ways: each version is what its last transition has made it,
 * each unit is what its anchor is, each row of the log follows on the one before it and is of the version's own content.
 * @param hasLog false before the roll-out: then everything must be a draft
 */
export async function compareWithLog(tx: Tx, hasLog: boolean): Promise<Told> {
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
     unit AS MATERIALIZED (SELECT id, canonical_address, lifecycle_status, version_anchor_ref FROM public.information_unit WHERE lifecycle_status <> 'draft'),
     version AS MATERIALIZED (SELECT id, unit_id, lifecycle_status FROM public.unit_version WHERE lifecycle_status <> 'draft'),
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
       UNION ALL
       SELECT log.canonical_address, log.uv_id, format('row %s of the log names the decision %s, which is not there', log.log_id, log.review_decision_id)
         FROM log WHERE log.review_decision_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM cutter_governance.review_decision AS d WHERE d.id = log.review_decision_id))
     SELECT (SELECT count(*) FROM unit) AS units, (SELECT count(*) FROM version) AS versions, (SELECT count(*) FROM log) AS log_rows,
            (SELECT count(*) FROM told) AS contradictions,
            coalesce((SELECT json_agg(t) FROM (SELECT canonical_address, version_id, problem FROM told
                        ORDER BY canonical_address COLLATE "C", version_id, problem COLLATE "C" LIMIT 20) AS t), '[]') AS examples`,
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
