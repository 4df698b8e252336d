import type { Tx } from "../../database/index.ts";
import type { Bindings, GrantFacts } from "../predicate.ts";
import { columns, type GrantRow, onHold, signatureKeyRevokedAt } from "../store.ts";

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
    { prepare: true },
  );
  return rows;
}

export interface Burn {
  readonly auth_code: string;
  readonly by: string;
  readonly root: string;
}

/** What a burn has changed in the row of a grant. */
export type BurntRow = Pick<
  GrantRow,
  "auth_code" | "status" | "expires_at" | "consumed_at" | "consumed_by" | "idempotency_root"
>;

/** Compare-and-set for all of them: those that were still active. */
export async function burnGrants(tx: Tx, burns: readonly Burn[]): Promise<BurntRow[]> {
  const { rows } = await tx.query<BurntRow>(
    `UPDATE governance_build_authorization
        SET status = 'consumed', consumed_at = now, consumed_by = burn.by, idempotency_root = burn.root
       FROM clock_timestamp() AS now, unnest($1::text[], $2::text[], $3::text[]) AS burn (code, by, root)
      -- A status that nothing can be proved from: else a partial index over all live grants is taken for a small one.
      WHERE auth_code = burn.code AND status = (SELECT 'active')
      RETURNING auth_code, status, expires_at, consumed_at, consumed_by, idempotency_root`,
    [burns.map((one) => one.auth_code), burns.map((one) => one.by), burns.map((one) => one.root)],
    { prepare: true },
  );
  return rows;
}

/** The receipt of each: the unique key of the table is the second lock on single use. */
export async function insertReceipts(tx: Tx, authCodes: readonly string[]): Promise<void> {
  await tx.query(
    `INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root)
     SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM governance_build_authorization WHERE auth_code = ANY ($1)`,
    [authCodes],
    { prepare: true },
  );
}

/** As much of a live grant as a verdict needs. */
export type LiveRow = GrantFacts & Pick<GrantRow, "request_ref" | "evidence" | "on_hold" | "now">;

/** The live grants of each carrier and plan, in one statement: as `findCandidates` finds them. */
export async function findLive(tx: Tx, plans: readonly Pick<Bindings, "carrier" | "plan_id">[]): Promise<LiveRow[]> {
  const { rows } = await tx.query<LiveRow>(
    `SELECT candidate.*, ${onHold("candidate")}, clock_timestamp() AS now
       FROM unnest($1::text[], $2::text[]) AS asked (carrier, plan_id),
     LATERAL (
       SELECT auth_code, request_ref, mode, scope, rollback_plan_ref, status, granted_at, expires_at, evidence,
              ${signatureKeyRevokedAt} AS signature_key_revoked_at
         FROM governance_build_authorization
        WHERE scope ->> 'carrier' = asked.carrier AND scope ->> 'plan_id' = asked.plan_id AND status IN ('draft', 'active')
        ORDER BY granted_at DESC LIMIT 200
     ) AS candidate`,
    [plans.map((one) => one.carrier), plans.map((one) => one.plan_id)],
    { prepare: true },
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
       (SELECT * FROM (SELECT ${columns} FROM governance_build_authorization
         WHERE scope ->> 'carrier' = b ->> 'carrier' AND scope ->> 'plan_id' = b ->> 'plan_id'
           AND scope ->> 'manifest_digest' = b ->> 'manifest_digest' AND scope ->> 'schema_digest' = b ->> 'schema_digest'
           AND scope ->> 'environment' = b ->> 'environment' AND scope ->> 'executor' = b ->> 'executor'
         ORDER BY granted_at DESC LIMIT 200) AS recent
         WHERE status NOT IN ('draft', 'active') AND mode = b ->> 'mode' AND rollback_plan_ref = b ->> 'rollback_plan_ref'
           AND scope ->> 'plan_revision' = b ->> 'plan_revision' AND scope -> 'action_set' @> (b -> 'action_set')
         ORDER BY granted_at DESC LIMIT 1)
     ) AS candidate`,
    [JSON.stringify(questions)],
    { prepare: true },
  );
  return rows;
}
