import type { Tx } from "../../database/index.ts";

export interface StrayRun {
  idempotency_root: string;
  status: string;
  state: string;
  stop_state: string | null;
  database: string;
  since: Date;
}

/** Runs that nobody has worked on for so long, and those whose target could not be asked. */
export async function strayRuns(tx: Tx, seconds: number): Promise<StrayRun[]> {
  const { rows } = await tx.query<StrayRun>(
    `SELECT idempotency_root, status, state, stop_state, database, claimed_until AS since FROM c1_build_run
      WHERE status = 'indeterminate'
         OR status IN ('running', 'compensating') AND claimed_until < clock_timestamp() - make_interval(secs => $1)
      ORDER BY claimed_until LIMIT 1000`,
    [seconds],
  );
  return rows;
}

export interface RehearsedGrant {
  auth_code: string;
  rehearsal_ref: string;
  fingerprint: string;
  database: string;
}

/** Live grants, and M-1 records of plans, that stand on a rehearsal. */
export async function rehearsedGrants(tx: Tx): Promise<RehearsedGrant[]> {
  const { rows } = await tx.query<RehearsedGrant>(
    `SELECT g.auth_code, r.rehearsal_ref, r.fingerprint, r.database
       FROM governance_build_authorization g JOIN rehearsals r ON r.rehearsal_ref = g.evidence ->> 'rehearsal_ref'
      WHERE g.status IN ('draft', 'active') AND g.expires_at > clock_timestamp()
     UNION ALL
     SELECT a.approval_code, r.rehearsal_ref, r.fingerprint, r.database
       FROM os_proposal_approvals a JOIN rehearsals r USING (rehearsal_ref)
      WHERE a.status IN ('draft', 'active') AND a.expires_at > clock_timestamp() ORDER BY 1 LIMIT 1000`,
  );
  return rows;
}
