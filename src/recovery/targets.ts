import type { Database } from "../database/index.ts";
import { fencesIn } from "../leases/index.ts";
import { type MarkedRun, readMarkedRuns } from "../runs/index.ts";

/** A target as a recovery finds it: it was not restored, so it knows of the time that was lost. */
export interface LookedAt {
  readonly name: string;
  readonly database: Database;
  /** The fence of each lease that was ever raised there (LEASE-2). */
  readonly fences: ReadonlyMap<string, number>;
  /** The runs that have written there, each with what authorized it (RUN-7). */
  readonly runs: readonly MarkedRun[];
}

/** Reads what the target knows. */
export function lookAtTarget(name: string, database: Database): Promise<LookedAt> {
  return database.transact(
    async (tx) => ({ name, database, fences: await fencesIn(tx), runs: await readMarkedRuns(tx) }),
    { readOnly: true },
  );
}

/** The highest fence of each lease over all targets. */
export function highestFences(targets: readonly LookedAt[]): ReadonlyMap<string, number> {
  const highest = new Map<string, number>();
  for (const { fences } of targets) {
    for (const [name, fence] of fences) highest.set(name, Math.max(fence, highest.get(name) ?? 0));
  }
  return highest;
}
