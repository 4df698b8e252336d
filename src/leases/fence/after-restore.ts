import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { lockEveryLease, raiseLease } from "../store.ts";
import { raise, readFences } from "./store.ts";

/**
 * More than a lease can have been acquired in the time that was lost: a thousand times a second for eleven days. What was
 * issued and has not reached a target yet can stand above everything that a target knows.
 */
export const fenceGap = 1_000_000_000;

/** The number that a lease's fence is raised to, in the control database and in every target. */
export interface RaisedFence {
  readonly lease_name: string;
  /** As the restored control database has it; 0 where it does not know the lease. */
  readonly restored: number;
  /** The highest that any target has seen; 0 where none has. */
  readonly in_targets: number;
  readonly raised_to: number;
}

/** What the target's fences are, by lease (LEASE-2). */
export async function fencesIn(target: Tx): Promise<ReadonlyMap<string, number>> {
  return new Map((await readFences(target)).map(({ leaseName, fencingToken }) => [leaseName, fencingToken]));
}

/**
 * Raises the fence of every lease that the control database or a target knows above both, and leaves the lease free: whoever
 * acquires it next stands above every holder of the time that was lost. The database lets nobody else do so.
 * @param seen the highest fence of each lease in any target
 */
export async function raiseLeases(tx: Tx, caller: Caller, seen: ReadonlyMap<string, number>): Promise<RaisedFence[]> {
  const known = new Map((await lockEveryLease(tx)).map((row) => [row.lease_name, Number(row.fencing_token)]));
  const names = [...new Set([...known.keys(), ...seen.keys()])].toSorted();
  const raised: RaisedFence[] = [];
  for (const name of names) {
    const restored = known.get(name) ?? 0;
    const inTargets = seen.get(name) ?? 0;
    const to = Math.max(restored, inTargets) + fenceGap;
    await raiseLease(tx, name, caller.principal, to);
    raised.push({ lease_name: name, restored, in_targets: inTargets, raised_to: to });
    await appendEvent(tx, caller, {
      action: "lease.fence_raised",
      resourceType: "lease",
      resourceId: name,
      before: { fencing_token: restored },
      after: { fencing_token: to, in_targets: inTargets },
    });
  }
  return raised;
}

/**
 * The same numbers in a target: from its commit on, whoever holds a fence of the time that was lost is refused there.
 * @param mark stands in the place of a grant: no holder has it
 */
export async function raiseInTarget(target: Tx, fences: readonly RaisedFence[], mark: string): Promise<void> {
  for (const { lease_name, raised_to } of fences) {
    await raise(target, { leaseName: lease_name, fencingToken: raised_to, authCode: mark });
  }
}
