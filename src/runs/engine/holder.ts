import type { Tx } from "../../database/index.ts";
import { Problem } from "../../kernel/problem.ts";
import { beatLease, stillHolds } from "../../leases/index.ts";
import { isUnderWay } from "../states.ts";
import { lockRun, type RunRow, updateRun } from "../store.ts";
import { type Claim, ClaimLost, type Engine } from "./engine.ts";
import { backoff, isTransient, wait } from "./faults.ts";

/**
 * One transaction in the control database as the holder of the run: the run's row is locked, the claim and the fence are
 * compared, and what `work` writes is committed with them or not at all (OPEN-9). Faults of the control database are
 * retried for as long as the lease lasts; after that somebody else takes the run up.
 * @param work runs again after a fault, so it must find out what an earlier run of it has done
 * @throws ClaimLost when the run, the claim or the lease is another's by now
 */
export async function asHolder<T>(engine: Engine, claim: Claim, work: (tx: Tx, run: RunRow) => Promise<T>): Promise<T> {
  const began = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await engine.control.transact(async (tx) => work(tx, await lockOwn(tx, claim)));
    } catch (error) {
      const patient = performance.now() - began < engine.leaseSeconds * 1_000;
      if (!(error instanceof Problem) || !isTransient(error) || !patient) throw error;
      await wait(claim, backoff(attempt));
    }
  }
}

async function lockOwn(tx: Tx, claim: Claim): Promise<RunRow> {
  const run = await lockRun(tx, claim.root);
  if (run === undefined || run.claim_no !== claim.claimNo || !isUnderWay(run.status)) {
    throw new ClaimLost(`${claim.root} was taken up by another, or is finished`);
  }
  if (claim.fence !== undefined && !(await stillHolds(tx, claim.fence))) {
    throw new ClaimLost(`the lease of ${claim.root} was taken over`);
  }
  return run;
}

/** Keeps the claim and the lease while somebody works under them. @returns stops it */
export function startHeartbeat(engine: Engine, claim: Claim): () => Promise<void> {
  let beating: Promise<void> = Promise.resolve();
  const timer = setInterval(
    () => {
      beating = beat(engine, claim).catch((error: unknown) => {
        if (error instanceof ClaimLost) claim.over.abort();
        else engine.log("a heartbeat failed", { root: claim.root, err: error });
      });
    },
    (engine.leaseSeconds * 1_000) / 3,
  );
  timer.unref();
  return async () => {
    clearInterval(timer);
    await beating;
  };
}

async function beat(engine: Engine, claim: Claim): Promise<void> {
  await engine.control.transact(async (tx) => {
    await lockOwn(tx, claim);
    if (claim.fence !== undefined) await beatLease(tx, claim.fence, engine.leaseSeconds);
    await updateRun(tx, claim.root, { claimSeconds: engine.leaseSeconds });
  });
}
