import type { Tx } from "../../database/index.ts";
import { LifecycleProblem } from "../errors.ts";
import type { DecisionContent } from "../decisions/judge.ts";
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

/**
 * Asks the gateway's one door for each unit, in the order of their addresses, so that two runs cannot wait for each other.
 * @throws LifecycleProblem GATEWAY_NOT_INSTALLED for an answer that is none
 */
export async function callGateway(
  target: Tx,
  transition: TransitionName,
  units: readonly Asked[],
  terms: Terms,
): Promise<Answered[]> {
  const { rows } = await target.query<{ answered: Answered | null }>(
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
  for (const { answered } of rows) {
    if (typeof answered?.status === "string" && (answered.log_id == null || typeof answered.log_id === "number"))
      continue;
    throw new LifecycleProblem("GATEWAY_NOT_INSTALLED", "A function of the gateway does not answer as it should.");
  }
  return rows.map((row) => row.answered as Answered);
}

export interface UnitState {
  canonical_address: string;
  lifecycle_status: string;
  /** The version that it stands for. */
  version_id: string | null;
  version_status: string | null;
  version_digest: string | null;
  /** The version that was asked about, and what it says of the unit if it is in force. */
  named_status: string | null;
  identity_digest: string | null;
}

/** A unit, and the version of it that is, or is to be, in force. */
export interface AskedState {
  readonly canonical_address: string;
  readonly version_id: string | null;
}

/** How these units stand, in the order of their addresses. */
export async function unitStates(target: Tx, units: readonly AskedState[]): Promise<UnitState[]> {
  const { rows } = await target.query<UnitState>(
    `SELECT u.canonical_address, u.lifecycle_status, a.id AS version_id, a.lifecycle_status AS version_status,
            a.content_digest AS version_digest, n.lifecycle_status AS named_status,
            'sha256:' || encode(sha256(convert_to(jsonb_build_array(u.id, u.canonical_address, u.unit_kind, u.identity_profile, n.id, n.version_seq,
              n.title, n.content_digest, n.body)::text, 'UTF8')), 'hex') AS identity_digest
       FROM jsonb_to_recordset($1::jsonb) AS asked (canonical_address text, version_id uuid)
       JOIN public.information_unit u USING (canonical_address)
       LEFT JOIN public.unit_version a ON a.id = u.version_anchor_ref
       LEFT JOIN public.unit_version n ON n.id = coalesce(asked.version_id, u.version_anchor_ref) AND n.unit_id = u.id
      ORDER BY u.canonical_address COLLATE "C"`,
    [JSON.stringify(units)],
  );
  return rows;
}

/** The review decisions of these ids, as the target has them. */
export async function targetDecisions(target: Tx, ids: readonly string[]): Promise<DecisionContent[]> {
  const { rows } = await target.query<DecisionContent>(
    `SELECT id AS decision_id, decision_kind, decision, subjects, reason, document_digest, decided_by, decided_at
       FROM cutter_governance.review_decision WHERE id = ANY ($1::uuid[]) ORDER BY id`,
    [ids],
  );
  return rows;
}

/** A change set, as the target has it. */
export async function changeSet(target: Tx, id: string | undefined): Promise<unknown> {
  if (id === undefined) return null;
  const { rows } = await target.query<{ found: unknown }>(
    "SELECT to_jsonb(c) AS found FROM cutter_governance.cut_change_set c WHERE c.id = $1",
    [id],
  );
  return rows[0]?.found ?? null;
}

export interface WrittenLine {
  log_id: number;
  canonical_address: string;
  uv_id: string | null;
  transition_type: string;
  uv_content_digest: string | null;
}

/**
 * What a run has left in the log: lines of its root, of its own units, by the login that it works as. Anybody who may enact
 * could write the root of another's run into a line of theirs.
 */
export async function linesOfRun(target: Tx, root: string, addresses: readonly string[]): Promise<WrittenLine[]> {
  const { rows } = await target.query<WrittenLine>(
    `SELECT log_id::integer AS log_id, canonical_address, uv_id, transition_type, uv_content_digest
       FROM public.iu_lifecycle_log
      WHERE run_ref = $1 AND canonical_address = ANY ($2) AND session_role = session_user ORDER BY log_id`,
    [root, addresses],
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
