import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { acquireLease } from "./acquire.ts";
import { LeaseProblem } from "./errors.ts";
import type { Fence } from "./fence/store.ts";
import type { AcquiredLease } from "./schemas.ts";
import { leaseStatus } from "./states.ts";
import { bindLease, endLease, extendLease, lockLease } from "./store.ts";

/**
 * Whether the fence is still the one of its lease, in the transaction that is about to write: whoever has a newer one has
 * taken the work over (OPEN-9). The row stays locked until the transaction ends.
 */
export async function stillHolds(tx: Tx, fence: Fence): Promise<boolean> {
  const row = await lockLease(tx, fence.leaseName);
  return (
    row !== undefined &&
    row.released_at === null &&
    Number(row.fencing_token) === fence.fencingToken &&
    row.auth_code === fence.authCode
  );
}

/** Holds the lease for `ttlSeconds` from now; whoever calls has just seen that it is theirs. */
export async function beatLease(tx: Tx, fence: Fence, ttlSeconds: number): Promise<void> {
  await extendLease(tx, fence.leaseName, ttlSeconds);
}

/** Gives the lease back by its fence. */
export async function yieldLease(tx: Tx, caller: Caller, fence: Fence): Promise<void> {
  await endLease(tx, fence.leaseName);
  await appendEvent(tx, caller, {
    action: "lease.released",
    resourceType: "lease",
    resourceId: fence.leaseName,
    before: { status: "held" },
    after: { status: "released", fencing_token: fence.fencingToken },
  });
}

/**
 * Takes the lease for a run: its own one again, with the token rotated and the fence raised, even while it is held
 * (LEASE-4); or a free one. Another's is another's.
 * @param authCode the grant that the run has consumed
 * @throws LeaseProblem LEASE_HELD
 */
export async function takeForRun(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  lease: { readonly name: string; readonly authCode: string; readonly ttlSeconds: number },
): Promise<AcquiredLease> {
  const row = await lockLease(tx, lease.name);
  const own = row !== undefined && row.auth_code === lease.authCode && row.lease_holder === caller.principal;
  if (own && leaseStatus(row, row.now) === "held") {
    await yieldLease(tx, caller, {
      leaseName: lease.name,
      fencingToken: Number(row.fencing_token),
      authCode: lease.authCode,
    });
  }
  const acquired = await acquireLease(tx, caller, keys, lease.name, lease.ttlSeconds);
  await bindLease(tx, lease.name, lease.authCode);
  return acquired;
}

export function isHeldElsewhere(error: unknown): boolean {
  return error instanceof LeaseProblem && error.code === "LEASE_HELD";
}
