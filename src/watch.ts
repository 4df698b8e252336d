import { type Clock, startClock } from "./clock.ts";
import type { Database } from "./database/index.ts";
import { serviceCaller } from "./kernel/caller.ts";
import { acceptedDatabases, watchTarget } from "./lifecycle/index.ts";

export interface WatchOptions {
  readonly control: Database;
  /** @throws RunProblem TARGET_UNAVAILABLE */
  readonly open: (database: string) => Promise<Database>;
  /** 0: never. */
  readonly intervalMs: number;
  readonly onError: (error: unknown, database?: string) => void;
}

/** How often units are compared with their log, which costs more the more of them there are. */
const unitsEveryMs = 15 * 60_000;

/**
 * Looks at the gateway of each target that has an accepted one, every so often, in every service process at once: the
 * same change opens one incident whoever sees it first (OPEN-10). A target that cannot be reached is told to `onError`
 * and looked at again the next time; the others do not wait for it.
 */
export function startWatch(options: WatchOptions): Clock {
  let thorough = Number.NEGATIVE_INFINITY;
  const look = (stopped: () => boolean): Promise<void> => {
    const units = performance.now() - thorough >= unitsEveryMs;
    if (units) thorough = performance.now();
    return lookAtAll(options, { units }, stopped);
  };
  return startClock(options.intervalMs, look, (error) => options.onError(error));
}

async function lookAtAll(
  { control, open, onError }: WatchOptions,
  thorough: { readonly units: boolean },
  stopped: () => boolean,
): Promise<void> {
  const caller = serviceCaller("watch");
  const accepted = await control.transact(acceptedDatabases, { readOnly: true });
  await Promise.all(
    accepted.map(async ({ database }) => {
      try {
        await watchTarget(control, await open(database), database, caller, thorough, stopped);
      } catch (error) {
        onError(error, database);
      }
    }),
  );
}
