import type { Database, Tx } from "../../database/index.ts";
import { type Fence, raiseFence } from "../../leases/index.ts";
import { findRehearsal, requireUnmoved } from "../../rehearsals/index.ts";
import { RunProblem } from "../errors.ts";
import { type MarkerRow, markRun, readMarkers } from "../markers/store.ts";
import type { Claim, Engine } from "./engine.ts";

/** The fence of a run that has reserved. */
export function fenceOf(claim: Claim): Fence {
  if (claim.fence === undefined) throw new Error(`${claim.root} works without a lease`);
  return claim.fence;
}

/**
 * What a new holder does first in the target: raises the fence, so that nothing is written under an older one from here
 * on, and only then reads what was done (LEASE-2). Once a claim.
 * @throws RunProblem TARGET_KNOWS_GRANT; LeaseProblem FENCED_OUT
 */
export async function raised(claim: Claim, target: Database): Promise<readonly MarkerRow[]> {
  claim.markers ??= await target.transact(async (tx) => {
    await raiseFence(tx, fenceOf(claim));
    const marked = { root: claim.root, authCode: claim.run.auth_code, build: claim.build.name };
    const whose = await markRun(tx, marked);
    if (whose !== claim.root) {
      throw new RunProblem("TARGET_KNOWS_GRANT", `${marked.authCode} was used by the run ${whose} in this target.`);
    }
    return readMarkers(tx, claim.root);
  });
  return claim.markers;
}

/**
 * Whether the target is as it should be before the claim's first write: as it was rehearsed where nothing was written
 * yet, and as the run's own completed states have left it otherwise (OPEN-1).
 * @throws RehearsalProblem REHEARSAL_STALE; RunProblem TARGET_MOVED
 */
export async function requireUnmovedTarget(
  engine: Engine,
  claim: Claim,
  tx: Tx,
  found: readonly MarkerRow[],
): Promise<void> {
  const last = found.at(-1);
  const ref = claim.run.rehearsal_ref;
  if (claim.build.looksItself === true || (last === undefined && ref === null)) return;
  const fingerprint = await claim.build.fingerprint(tx, claim.input);
  if (last === undefined) {
    const row = await engine.control.transact((control) => findRehearsal(control, ref ?? ""), { readOnly: true });
    if (row === undefined) throw new Error(`the rehearsal ${ref} of ${claim.root} is not on record`);
    requireUnmoved(row, { fingerprint });
  } else if (last.fingerprint !== fingerprint) {
    throw new RunProblem(
      "TARGET_MOVED",
      `${last.state} has left the fingerprint ${last.fingerprint}; the target has ${fingerprint} now.`,
    );
  }
}
