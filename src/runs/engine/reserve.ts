import { type Tx, violatedConstraint } from "../../database/index.ts";
import { consumeGrant } from "../../grants/index.ts";
import { Problem } from "../../kernel/problem.ts";
import { type AcquiredLease, isHeldElsewhere, LeaseProblem, takeForRun } from "../../leases/index.ts";
import { see } from "../sightings.ts";
import { note } from "../progress/note.ts";
import { giveUpClaim, type RunRow, updateRun } from "../store.ts";
import { type Claim, ClaimLost, type Engine } from "./engine.ts";
import { asHolder } from "./holder.ts";

/**
 * S1: the lease and the grant in one transaction (GRANT-4), or the receipt and the lease of an earlier consume by the
 * same executor with the same root (LEASE-4). After an answer that was lost, the retry finds the receipt.
 * @throws whatever refuses: Problems of grants, leases, holds and rehearsals
 */
export async function reserve(engine: Engine, claim: Claim): Promise<void> {
  const ref = claim.run.rehearsal_ref;
  const sightings = await see(engine, ref === null ? [] : [ref]);
  const lease = await asHolder(engine, claim, async (tx, run) => {
    const name = claim.build.leaseName;
    const input = {
      ...run.bindings,
      idempotency_root: run.idempotency_root,
      lease: { name, ttl_seconds: engine.leaseSeconds },
    };
    const receipt = await consumeGrant(tx, claim.caller, engine.keys, run.auth_code, input, sightings);
    const taken = receipt.replayed || receipt.lease === undefined ? await adopt(engine, claim, tx, run) : receipt.lease;
    await updateRun(tx, run.idempotency_root, {
      reserved: true,
      lease_name: taken.name,
      fencing_token: taken.fencing_token,
      claimSeconds: engine.leaseSeconds,
    });
    return taken;
  }).catch((error: unknown) => {
    throw leaseOfAnother(claim, error);
  });
  holdIt(claim, lease);
}

/** The database's own look: a run that is not finished keeps its lease's place, also while the lease has lapsed. */
function leaseOfAnother(claim: Claim, error: unknown): unknown {
  if (violatedConstraint(error) !== "one_run_per_lease") return error;
  const detail = `Another run is under way under ${claim.build.leaseName} in ${claim.run.database}.`;
  return new LeaseProblem("LEASE_HELD", detail, { retryAfterSeconds: 30, cause: error });
}

function adopt(engine: Engine, claim: Claim, tx: Tx, run: RunRow): Promise<AcquiredLease> {
  const lease = { name: claim.build.leaseName, authCode: run.auth_code, ttlSeconds: engine.leaseSeconds };
  return takeForRun(tx, claim.caller, engine.keys, lease);
}

function holdIt(claim: Claim, lease: AcquiredLease): void {
  claim.fence = { leaseName: lease.name, fencingToken: lease.fencing_token, authCode: claim.run.auth_code };
}

/**
 * Takes a run up that another process has left: its lease once more, with the fence raised.
 * @throws ClaimLost where another holds the lease: the run waits for it
 */
export async function takeUp(engine: Engine, claim: Claim): Promise<void> {
  if (!claim.run.reserved) return;
  try {
    const lease = await asHolder(engine, claim, async (tx, run) => {
      const taken = await adopt(engine, claim, tx, run);
      await updateRun(tx, run.idempotency_root, {
        lease_name: taken.name,
        fencing_token: taken.fencing_token,
        claimSeconds: engine.leaseSeconds,
      });
      await note(tx, claim.caller, run.idempotency_root, {
        event: "run_claimed",
        state: run.state,
        detail: { worker: engine.worker, fencing_token: taken.fencing_token },
      });
      return taken;
    });
    holdIt(claim, lease);
  } catch (error) {
    if (!(error instanceof Problem) || !isHeldElsewhere(error)) throw error;
    await engine.control.transact((tx) => giveUpClaim(tx, claim.root, claim.claimNo, engine.leaseSeconds));
    throw new ClaimLost(`another holds the lease of ${claim.root}`);
  }
}
