import type { Database } from "./database/index.ts";
import { serviceCaller } from "./kernel/caller.ts";
import { acceptedDatabases, watchTarget } from "./lifecycle/index.ts";

export interface Watch {
  /** Stops the clock and waits for a look that is under way. */
  stop(): Promise<void>;
}

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
export function startWatch(options: WatchOptions): Watch {
  let running: Promise<void> = Promise.resolve();
  let stopped = options.intervalMs === 0;
  let timer: NodeJS.Timeout | undefined;
  let thorough = Number.NEGATIVE_INFINITY;
  const tick = (): void => {
    const units = performance.now() - thorough >= unitsEveryMs;
    if (units) thorough = performance.now();
    running = lookAtAll(options, { units }, () => stopped).catch((error: unknown) => options.onError(error));
    void running.then(schedule);
  };
  const schedule = (): void => {
    if (stopped) return;
    timer = setTimeout(tick, options.intervalMs * (0.75 + Math.random() / 2));
    timer.unref();
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
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
