import type { Tx } from "../../database/index.ts";

export interface ContradictedStep {
  plan_id: string;
  step: number;
  revision: string;
  idempotency_root: string;
}

/** Steps whose last act was contradicted by what was found after it: nothing of the plan goes on. */
export async function contradictedSteps(tx: Tx): Promise<ContradictedStep[]> {
  const { rows } = await tx.query<ContradictedStep>(
    `SELECT plan_id, step, revision, idempotency_root FROM (
       SELECT DISTINCT ON (plan_id, step) plan_id, step, revision, idempotency_root, outcome FROM plan_ledger
        WHERE outcome NOT IN ('rehearsed', 'rehearsal_failed', 'failed') ORDER BY plan_id, step, seq DESC) AS last
      WHERE outcome = 'contradicted' ORDER BY plan_id, step LIMIT 1000`,
  );
  return rows;
}

export interface LoneRecord {
  approval_code: string;
  missing: string[];
}

/** Live M-1 records whose step needs a council record that does not stand. */
export async function recordsWithoutCouncil(tx: Tx): Promise<LoneRecord[]> {
  const { rows } = await tx.query<LoneRecord>(
    `SELECT a.approval_code, array_agg(kind ORDER BY kind) AS missing
       FROM os_proposal_approvals a, jsonb_array_elements_text(plan_step(a.plan_id, a.revision, a.step) -> 'records') AS kind
      WHERE a.status IN ('draft', 'active') AND a.expires_at > clock_timestamp() AND kind <> 'M-1'
        AND NOT EXISTS (SELECT FROM council_records c
                         WHERE (c.plan_id, c.revision, c.step, c.kind) = (a.plan_id, a.revision, a.step, kind) AND c.revoked_at IS NULL)
      GROUP BY a.approval_code ORDER BY a.approval_code LIMIT 1000`,
  );
  return rows;
}

/** Signed live M-1 records whose key was revoked since. */
export async function recordsOfRevokedKeys(tx: Tx): Promise<{ approval_code: string; kid: string }[]> {
  const { rows } = await tx.query<{ approval_code: string; kid: string }>(
    `SELECT a.approval_code, k.kid FROM os_proposal_approvals a JOIN proposal_signatures s USING (approval_code) JOIN signing_keys k USING (kid)
      WHERE a.status = 'active' AND a.expires_at > clock_timestamp() AND k.revoked_at IS NOT NULL ORDER BY 1 LIMIT 1000`,
  );
  return rows;
}

/** The targets that registered plans are for. */
export async function planTargets(tx: Tx): Promise<{ plan_id: string; target: string }[]> {
  const { rows } = await tx.query<{ plan_id: string; target: string }>(
    "SELECT plan_id, target FROM plans ORDER BY plan_id LIMIT 1000",
  );
  return rows;
}
