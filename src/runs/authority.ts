import type { Tx } from "../database/index.ts";
import { consumeGrant, recordRunOutcome } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { type AcquiredLease, takeForRun } from "../leases/index.ts";
import type { Sightings } from "../rehearsals/index.ts";
import type { RunRow } from "./store.ts";

/** The lease that a run works under. */
export interface RunLease {
  readonly name: string;
  readonly ttlSeconds: number;
}

/** How a run has ended, as its authority keeps it. */
export interface RunEnding {
  readonly idempotency_root: string;
  readonly status: "succeeded" | "stopped";
  readonly stop_state: string | null;
  readonly last_ok_state: string | null;
  readonly [further: string]: unknown;
}

/**
 * What lets a run advance, once: a grant (GRANT-4), or for a plan's step its approval record (PLAN-2). Both calls work in
 * a transaction of the run's holder, and must find out what an earlier one of the same run has done.
 */
export interface Authority {
  /**
   * Burns the authorization for this run and takes the lease, or gives the same run its lease again.
   * @throws Problem whatever refuses; then nothing is burned
   */
  take(
    tx: Tx,
    caller: Caller,
    keys: ServerKeys,
    run: RunRow,
    lease: RunLease,
    sightings: Sightings,
  ): Promise<AcquiredLease>;
  /** Keeps what became of the run. */
  ended(tx: Tx, caller: Caller, run: RunRow, ending: RunEnding): Promise<void>;
}

/** A grant is burned by the same consume that anybody may call (GRANT-4, LEASE-4). */
export const grantAuthority: Authority = {
  async take(tx, caller, keys, run, lease, sightings) {
    const input = {
      ...run.bindings,
      idempotency_root: run.idempotency_root,
      lease: { name: lease.name, ttl_seconds: lease.ttlSeconds },
    };
    const receipt = await consumeGrant(tx, caller, keys, run.auth_code, input, sightings);
    if (!receipt.replayed && receipt.lease !== undefined) return receipt.lease;
    return adoptLease(tx, caller, keys, run, lease);
  },
  ended: (tx, caller, run, ending) => recordRunOutcome(tx, caller, run.auth_code, ending),
};

/** The run's own lease once more, with the fence raised, or a free one. @throws LeaseProblem LEASE_HELD */
export function adoptLease(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  run: RunRow,
  lease: RunLease,
): Promise<AcquiredLease> {
  return takeForRun(tx, caller, keys, { ...lease, authCode: run.auth_code });
}
