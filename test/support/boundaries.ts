import type { Database, Tx } from "../../src/database/index.ts";
import { serviceCaller } from "../../src/kernel/caller.ts";
import type { Fence } from "../../src/leases/index.ts";
import type { Boundary } from "../../src/runs/boundaries/boundaries.ts";
import { insertAttempt } from "../../src/runs/progress/store.ts";
import { insertRun } from "../../src/runs/store.ts";
import { seedGrants } from "./flow.ts";

/** A run that is claimed and works at S0, under this fence. */
export interface Seeded {
  readonly root: string;
  readonly fence: Fence;
}

/** Runs that are claimed and work at S0, each with a lease that it holds. */
export async function seedRuns(database: Database, count: number): Promise<Seeded[]> {
  return database.transact(async (tx) => {
    const seeded: Seeded[] = [];
    for (const [index, authCode] of (await seedGrants(tx, count)).entries()) {
      const root = `run ${String(index).padStart(3, "0")}`;
      await seedRun(tx, root, authCode);
      const leaseName = `lease-${index}`;
      await tx.query(
        `INSERT INTO dot_iu_runtime_lease (lease_name, lease_holder, lease_token_hash, fencing_token, auth_code, acquired_at, renewed_at, expires_at)
         SELECT $1, 'c1-builder', sha256('x'), 1, $2, now, now, now + interval '1 hour' FROM clock_timestamp() AS now`,
        [leaseName, authCode],
      );
      seeded.push({ root, fence: { leaseName, fencingToken: 1, authCode } });
    }
    return seeded;
  });
}

/** A run at S0 without a lease. */
export async function seedRun(tx: Tx, root: string, authCode: string): Promise<void> {
  const { rows } = await tx.query<{
    mode: "commit" | "dry-run";
    scope: Record<string, string>;
    evidence: Record<string, string>;
  }>("SELECT mode, scope, evidence FROM governance_build_authorization WHERE auth_code = $1", [authCode]);
  const [grant] = rows;
  await insertRun(tx, {
    root,
    build: "a-build",
    rollsBack: undefined,
    mode: grant?.mode ?? "commit",
    authCode,
    executor: grant?.scope["executor"] ?? "",
    environment: grant?.scope["environment"] ?? "",
    database: grant?.scope["database"] ?? "default",
    bindings: {} as never,
    inputDigest: "sha256:0",
    input: "{}",
    rehearsalRef: grant?.evidence["rehearsal_ref"],
    firstState: "S0",
    requestId: "request",
    workSeconds: 600,
  });
  await tx.query("UPDATE c1_build_run SET claim_no = 1 WHERE idempotency_root = $1", [root]);
  await insertAttempt(tx, root, "forward", "S0", null);
}

const caller = { ...serviceCaller("runner"), principal: "c1-builder" };

/** From S0 to S1, as the run's own holder comes to it. */
export function boundaryOf({ root, fence }: Seeded, changes: Partial<Boundary> = {}): Boundary {
  return { root, claimNo: "1", fence, caller, state: "S0", detail: { seen: root }, next: "S1", ...changes };
}

/** All that the database says of a run. */
export async function recordOf(database: Database, root: string) {
  const { rows } = await database.transact((tx) =>
    tx.query(
      `SELECT state, last_ok_state, event_seq::int,
              (SELECT jsonb_agg(jsonb_build_array(state, attempt, status, detail) ORDER BY state) FROM c1_build_run_state s WHERE s.idempotency_root = r.idempotency_root) AS states,
              (SELECT jsonb_agg(jsonb_build_array(seq, event, state, attempt, detail) ORDER BY seq) FROM c1_build_run_event e WHERE e.idempotency_root = r.idempotency_root) AS events,
              (SELECT jsonb_agg(jsonb_build_array(action, actor, before, after) ORDER BY seq) FROM audit_events a WHERE a.resource_id = r.idempotency_root) AS audit
         FROM c1_build_run r WHERE idempotency_root = $1`,
      [root],
    ),
  );
  return rows[0];
}

/** What `recordOf` says of a run that has crossed nothing. */
export const untouched = { state: "S0", last_ok_state: null, event_seq: 0, events: null, audit: null };
