import type { Tx } from "../../database/index.ts";
import type { Bindings } from "../predicate.ts";
import { columns, type GrantRow, onHold } from "../store.ts";

/**
 * Locks those of the grants that nobody else holds, behind the gate that a hold closes (GRANT-8, GRANT-9): a batch waits for
 * no row, lest one item keep its neighbours, and so two batches never wait for each other. Each clock is read after its lock.
 */
export async function lockGrantsForUse(tx: Tx, authCodes: readonly string[]): Promise<GrantRow[]> {
  const { rows } = await tx.query<GrantRow>(
    `WITH gate AS MATERIALIZED (SELECT pass_hold_gate()),
          locked AS MATERIALIZED (SELECT ${columns} FROM governance_build_authorization, gate WHERE auth_code = ANY ($1)
                                     ORDER BY auth_code FOR UPDATE OF governance_build_authorization SKIP LOCKED)
     SELECT locked.*, ${onHold("locked")}, clock_timestamp() AS now FROM locked`,
    [authCodes],
  );
  return rows;
}

export interface Burn {
  readonly auth_code: string;
  readonly by: string;
  readonly root: string;
}

/** Compare-and-set for all of them: those that are still active, with the receipt of each. */
export async function burnGrants(tx: Tx, burns: readonly Burn[]): Promise<GrantRow[]> {
  const { rows } = await tx.query<GrantRow>(
    `UPDATE governance_build_authorization
        SET status = 'consumed', consumed_at = now, consumed_by = burn.by, idempotency_root = burn.root
       FROM clock_timestamp() AS now, unnest($1::text[], $2::text[], $3::text[]) AS burn (code, by, root)
      WHERE auth_code = burn.code AND status = 'active'
      RETURNING ${columns}, now`,
    [burns.map((one) => one.auth_code), burns.map((one) => one.by), burns.map((one) => one.root)],
  );
  await tx.query(
    `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root)
     SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM governance_build_authorization WHERE auth_code = ANY ($1)`,
    [rows.map((row) => row.auth_code)],
  );
  return rows;
}

/** For each of the questions, what `findCandidates` finds, in one statement; `question` is its place. */
export async function findAllCandidates(
  tx: Tx,
  questions: readonly Bindings[],
): Promise<(GrantRow & { question: number })[]> {
  const { rows } = await tx.query<GrantRow & { question: number }>(
    `SELECT candidate.*, ${onHold("candidate")}, asked.question::integer AS question, clock_timestamp() AS now
       FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS asked (b, question),
     LATERAL (
       (SELECT ${columns} FROM governance_build_authorization
         WHERE scope ->> 'carrier' = b ->> 'carrier' AND scope ->> 'plan_id' = b ->> 'plan_id' AND status IN ('draft', 'active')
         ORDER BY granted_at DESC LIMIT 200)
       UNION ALL
       (SELECT ${columns} FROM governance_build_authorization
         WHERE scope ->> 'carrier' = b ->> 'carrier' AND scope ->> 'plan_id' = b ->> 'plan_id'
           AND scope ->> 'manifest_digest' = b ->> 'manifest_digest' AND status NOT IN ('draft', 'active')
           AND mode = b ->> 'mode' AND rollback_plan_ref = b ->> 'rollback_plan_ref' AND scope ->> 'plan_revision' = b ->> 'plan_revision'
           AND scope ->> 'schema_digest' = b ->> 'schema_digest' AND scope ->> 'environment' = b ->> 'environment'
           AND scope ->> 'executor' = b ->> 'executor' AND scope -> 'action_set' @> (b -> 'action_set')
         ORDER BY granted_at DESC LIMIT 1)
     ) AS candidate`,
    [JSON.stringify(questions)],
  );
  return rows;
}
