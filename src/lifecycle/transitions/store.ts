import type { Tx } from "../../database/index.ts";
import type { TransitionName } from "../schemas.ts";

/** What one transition is asked with. */
export interface Asked {
  readonly canonical_address: string;
  readonly prior_version_id: string | null;
  readonly new_version_id: string | null;
}

export interface Terms {
  readonly actor: string;
  readonly review_decision_id: string;
  readonly change_set_id: string | null;
  readonly reason: string | null;
  readonly run_ref: string | null;
  readonly dry_run: boolean;
}

/** What the gateway's functions answer, as far as it is looked at here. */
export interface Answered {
  status: string;
  canonical_address?: string | null;
  uv_id?: string | null;
  uv_content_digest?: string | null;
  new_uv_content_digest?: string | null;
  log_id?: number | null;
  from_status?: string | null;
  to_status?: string | null;
  would_write_rows?: unknown;
  wrote_rows?: unknown;
  detail?: string | null;
}

const calls: Readonly<Record<TransitionName, string>> = {
  enact: "public.fn_iu_enact(u.canonical_address, $2, $3::uuid, 'enacted', $4::uuid, $5, $6, $7)",
  supersede:
    "public.fn_iu_supersede(u.canonical_address, u.prior_version_id, u.new_version_id, $2, $3::uuid, $4::uuid, $5, $6, $7)",
  retire: "public.fn_iu_retire(u.canonical_address, $2, $3::uuid, $4::uuid, $5, $6, $7)",
};

/** Asks the gateway's one door for each unit, in the order of their addresses, so that two runs cannot wait for each other. */
export async function callGateway(
  target: Tx,
  transition: TransitionName,
  units: readonly Asked[],
  terms: Terms,
): Promise<Answered[]> {
  const { rows } = await target.query<{ answered: Answered }>(
    `SELECT ${calls[transition]} AS answered
       FROM (SELECT * FROM jsonb_to_recordset($1::jsonb) AS of (canonical_address text, prior_version_id uuid, new_version_id uuid)
              ORDER BY canonical_address COLLATE "C") AS u`,
    [
      JSON.stringify(units),
      terms.actor,
      terms.review_decision_id,
      terms.change_set_id,
      terms.reason,
      terms.run_ref,
      terms.dry_run,
    ],
  );
  return rows.map((row) => row.answered);
}

export interface UnitState {
  canonical_address: string;
  lifecycle_status: string;
  version_id: string | null;
  version_status: string | null;
  version_digest: string | null;
  identity_digest: string;
}

/** How these units stand, in the order of their addresses. */
export async function unitStates(target: Tx, addresses: readonly string[]): Promise<UnitState[]> {
  const { rows } = await target.query<UnitState>(
    `SELECT u.canonical_address, u.lifecycle_status, v.id AS version_id, v.lifecycle_status AS version_status,
            v.content_digest AS version_digest,
            encode(sha256(convert_to(jsonb_build_array(u.id, u.title, u.unit_kind, u.identity_profile, v.body)::text, 'UTF8')), 'hex') AS identity_digest
       FROM public.information_unit u LEFT JOIN public.unit_version v ON v.id = u.version_anchor_ref
      WHERE u.canonical_address = ANY ($1) ORDER BY u.canonical_address COLLATE "C"`,
    [addresses],
  );
  return rows;
}

/** The decisions and the change set that an input names, as the target has them. */
export async function authorities(
  target: Tx,
  decisions: readonly string[],
  changeSet: string | null,
): Promise<unknown> {
  const { rows } = await target.query<{ found: unknown }>(
    `SELECT jsonb_build_array(
       (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.id) FROM cutter_governance.review_decision d WHERE d.id = ANY ($1::uuid[])),
       (SELECT to_jsonb(c) FROM cutter_governance.cut_change_set c WHERE c.id = $2::uuid)) AS found`,
    [decisions, changeSet],
  );
  return rows[0]?.found;
}

export interface WrittenLine {
  log_id: number;
  canonical_address: string;
  uv_id: string | null;
  transition_type: string;
  uv_content_digest: string | null;
}

/** What a run has left in the log. */
export async function linesOfRun(target: Tx, root: string): Promise<WrittenLine[]> {
  const { rows } = await target.query<WrittenLine>(
    `SELECT log_id::integer AS log_id, canonical_address, uv_id, transition_type, uv_content_digest
       FROM public.iu_lifecycle_log WHERE run_ref = $1 ORDER BY log_id`,
    [root],
  );
  return rows;
}

export interface Touched {
  table: string;
  inserted: number;
  updated: number;
  deleted: number;
}

/** Rows that this transaction has touched so far, table by table. */
export async function touchedRows(target: Tx): Promise<Touched[]> {
  const { rows } = await target.query<Touched>(
    `SELECT schemaname || '.' || relname AS table, n_tup_ins::integer AS inserted, n_tup_upd::integer AS updated, n_tup_del::integer AS deleted
       FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY 1`,
  );
  return rows;
}
