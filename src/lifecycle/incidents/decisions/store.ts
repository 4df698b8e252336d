import type { Tx } from "../../../database/index.ts";
import type { DecisionContent } from "../../decisions/judge.ts";

/** A decision that lines of a log name, as the target has it. */
export interface NamedDecision extends DecisionContent {
  readonly lines: string;
  readonly last_log_id: string;
}

/** Decisions that one look compares; the newest, where there are more. */
const most = 20_000;

/** The decisions that the log of a target names, but for those of a creation, which are none of the service's. */
export async function selectNamedDecisions(target: Tx): Promise<NamedDecision[]> {
  const { rows } = await target.query<NamedDecision>(
    `SELECT d.id AS decision_id, d.decision_kind, d.decision, d.subjects, d.reason, d.document_digest, d.decided_by, d.decided_at,
            l.lines, l.last_log_id
       FROM (SELECT o.review_decision_id, count(*)::text AS lines, max(o.log_id) AS last_log_id
               FROM public.iu_lifecycle_log AS o GROUP BY o.review_decision_id) AS l
       JOIN cutter_governance.review_decision AS d ON d.id = l.review_decision_id
      WHERE d.decision_kind <> 'creation' ORDER BY l.last_log_id DESC LIMIT $1`,
    [most],
  );
  return rows;
}

/** What the council has decided, as the service has it on record. */
export interface DecisionRecord extends DecisionContent {
  readonly database: string;
}

export async function selectRecords(tx: Tx, ids: readonly string[]): Promise<DecisionRecord[]> {
  const { rows } = await tx.query<DecisionRecord>(
    `SELECT decision_id, database, decision_kind, decision, subjects, reason, document_digest, decided_by, decided_at
       FROM review_decisions WHERE decision_id = ANY ($1::uuid[])`,
    [ids],
  );
  return rows;
}
