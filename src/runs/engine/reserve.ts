import { type Tx, violatedConstraint } from "../../database/index.ts";
import { Problem } from "../../kernel/problem.ts";
import { type AcquiredLease, isHeldElsewhere, LeaseProblem } from "../../leases/index.ts";
import { adoptLease, grantAuthority } from "../authority.ts";
import { see } from "../sightings.ts";
import { note } from "../progress/note.ts";
import { giveUpClaim, type RunRow, updateRun } from "../store.ts";
import { type Claim, ClaimLost, type Engine, leaseNameOf } from "./engine.ts";
import { asHolder } from "./holder.ts";

/**
 * S1: the lease and what authorizes the run in one transaction (GRANT-4, PLAN-2), or the receipt and the lease of an
 * earlier consume by the same executor with the same root (LEASE-4). After an answer that was lost, the retry finds the receipt.
 * @throws whatever refuses: Problems of grants, leases, holds and rehearsals
 */
export async function reserve(engine: Engine, claim: Claim): Promise<void> {
  const ref = claim.build.looksItself === true ? null : claim.run.rehearsal_ref;
  const sightings = await see(engine, ref === null ? [] : [ref]);
  const lease = await asHolder(engine, claim, async (tx, run) => {
    await claim.build.admit?.(tx, claim.input, run.database);
    const authority = claim.build.authority ?? grantAuthority;
    const taken = await authority.take(tx, claim.caller, engine.keys, run, leaseOf(engine, claim), sightings);
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
  const detail = `Another run is under way under ${leaseNameOf(claim)} in ${claim.run.database}.`;
  return new LeaseProblem("LEASE_HELD", detail, { retryAfterSeconds: 30, cause: error });
}

function leaseOf(engine: Engine, claim: Claim) {
  return { name: leaseNameOf(claim), ttlSeconds: engine.leaseSeconds };
}

function adopt(engine: Engine, claim: Claim, tx: Tx, run: RunRow): Promise<AcquiredLease> {
  return adoptLease(tx, claim.caller, engine.keys, run, leaseOf(engine, claim));
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
