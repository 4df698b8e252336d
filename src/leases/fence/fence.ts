import type { Tx } from "../../database/index.ts";
import { LeaseProblem } from "../errors.ts";
import { type Fence, lockFence, raise } from "./store.ts";

/**
 * What a new holder does first in the target database (LEASE-2): from its commit on, writes under an older fence are
 * refused there. It waits for a write that is being committed under the older one.
 * @param target a transaction on the target database
 * @throws LeaseProblem FENCED_OUT when a newer holder has been here, or another with the same number
 */
export async function raiseFence(target: Tx, fence: Fence): Promise<void> {
  await raise(target, fence);
  await holdFence(target, fence);
}

/**
 * What every write of a holder does first, in the write's own transaction: it locks the fence, compares, and keeps the
 * lock until the commit, so that no newer holder comes in between (LEASE-2, OPEN-9).
 * @param target the transaction on the target database that writes
 * @throws LeaseProblem FENCED_OUT when another fence stands, or none was ever raised
 */
export async function holdFence(target: Tx, fence: Fence): Promise<void> {
  const { leaseName, fencingToken, authCode } = fence;
  const standing = await lockFence(target, leaseName);
  if (standing?.fencingToken === fencingToken && standing.authCode === authCode) return;
  const detail =
    standing === undefined
      ? `No fence of ${leaseName} was raised in this database.`
      : `${leaseName} has the fence ${standing.fencingToken} of ${standing.authCode} in this database; this holder's is ${fencingToken} of ${authCode}.`;
  throw new LeaseProblem("FENCED_OUT", detail, {
    members: { lease_name: leaseName, fencing_token: fencingToken, standing: standing?.fencingToken ?? null },
  });
}
