import type { Tx } from "../../../database/index.ts";

export interface ProbeUnit {
  readonly canonical_address: string;
  readonly lifecycle_status: string;
}

/**
 * The unit that the probes are about: `first` if it can be enacted, else another of `prefix`, else any; with no draft left
 * one that was enacted. It stops at the first, so that it costs little however many units there are.
 */
export async function findProbeUnit(tx: Tx, first: string, prefix: string): Promise<ProbeUnit | undefined> {
  const choices = [
    ["draft", "u.canonical_address = $2", first],
    ["draft", "starts_with(u.canonical_address, $2)", prefix],
    ["draft", "$2 = ''", ""],
    ["enacted", "$2 = ''", ""],
  ] as const;
  for (const [status, condition, value] of choices) {
    const { rows } = await tx.query<ProbeUnit>(
      `SELECT u.canonical_address, u.lifecycle_status
         FROM public.information_unit AS u JOIN public.unit_version AS v ON v.id = u.version_anchor_ref
        WHERE u.lifecycle_status = $1 AND v.lifecycle_status = u.lifecycle_status AND ${condition}
        ORDER BY u.canonical_address LIMIT 1`,
      [status, value],
    );
    if (rows[0] !== undefined) return rows[0];
  }
  return undefined;
}

/** The latest decision that approves the enactment of the unit. */
export async function findDecision(tx: Tx, address: string): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT d.id FROM cutter_governance.review_decision AS d
      WHERE d.decision_kind = 'enactment' AND d.decision = 'approve'
        AND EXISTS (SELECT FROM unnest(d.subjects) AS s (subject)
                     WHERE s.subject = $1 OR (right(s.subject, 2) = '/*' AND starts_with($1, left(s.subject, -1))))
      ORDER BY d.decided_at DESC, d.id LIMIT 1`,
    [address],
  );
  return rows[0]?.id;
}

/** Records a decision for the time of a transaction that is rolled back. */
export async function recordProbeDecision(tx: Tx, id: string, address: string): Promise<void> {
  await tx.query(
    `SELECT cutter_governance.fn_record_review_decision($1::uuid, 'enactment', 'approve', ARRAY[$2::text],
              'For a verification probe; rolled back.', NULL, 'verify_probe', clock_timestamp())`,
    [id, address],
  );
}

/** `fn_iu_enact` as a dry run. */
export async function tryEnact(
  tx: Tx,
  address: string,
  decision: string,
  target: string,
): Promise<{ status?: unknown; would_write_rows?: unknown }> {
  const { rows } = await tx.query<{ result: { status?: unknown; would_write_rows?: unknown } | null }>(
    `SELECT public.fn_iu_enact($1::text, 'verify_probe'::text, $2::uuid, $3::text, NULL::uuid, NULL::text, NULL::text, true) AS result`,
    [address, decision, target],
  );
  return rows[0]?.result ?? {};
}

/** Whether the login may update units, and if not, whether it may become the role that owns them. */
export async function reachOfLogin(tx: Tx, role: string): Promise<{ own: boolean; as_owner: boolean }> {
  const { rows } = await tx.query<{ own: boolean; as_owner: boolean }>(
    `SELECT has_table_privilege(c.oid, 'UPDATE') AS own,
            coalesce((SELECT pg_has_role(r.oid, 'SET') FROM pg_roles AS r WHERE r.rolname = $1), false) AS as_owner
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = 'public' AND c.relname = 'information_unit'`,
    [role],
  );
  return rows[0] ?? { own: false, as_owner: false };
}

/**
 * The statement of B-5, with a marker that is none: what refuses it, or nothing. The refusal is caught where it is raised,
 * so that it does not stand in the server's log as an attempt of somebody's.
 */
export async function refusalOfDirectUpdate(tx: Tx, asOwner: boolean): Promise<string | undefined> {
  if (asOwner) await tx.query("SET LOCAL ROLE directus");
  await tx.query("SELECT set_config('app.canonical_writer', 'ad_hoc_attempt', true)");
  await tx.query(`DO $probe$
    BEGIN
      UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address = 'ICX-CONST/DIEU-0';
      PERFORM set_config('countersign.probe', '', true);
    EXCEPTION WHEN insufficient_privilege THEN
      PERFORM set_config('countersign.probe', SQLSTATE || ': ' || SQLERRM, true);
    END $probe$`);
  const { rows } = await tx.query<{ refusal: string | null }>(
    "SELECT nullif(current_setting('countersign.probe', true), '') AS refusal",
  );
  return rows[0]?.refusal ?? undefined;
}
