import { expireRequests } from "./approvals/index.ts";
import type { Database } from "./database/index.ts";
import { expireGrants } from "./grants/index.ts";
import { serviceCaller } from "./kernel/caller.ts";
import { expireProposalApprovals } from "./plans/index.ts";

export interface Sweeper {
  /** Stops the clock and waits for a sweep that is under way. */
  stop(): Promise<void>;
}

export interface SweeperOptions {
  readonly database: Database;
  readonly intervalMs: number;
  /** Further work for the same clock. */
  readonly also: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

const batch = 100;

/**
 * Marks what has expired, every so often, in every service process at once: rows that another sweep holds are skipped.
 * Nothing waits for it, since expiry is computed wherever a status is read (OPEN-3).
 */
export function startSweeper(options: SweeperOptions): Sweeper {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    running = sweep(options).catch(options.onError);
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

async function sweep({ database, also }: SweeperOptions): Promise<void> {
  const caller = serviceCaller("sweeper");
  while ((await database.transact((tx) => expireGrants(tx, caller, batch))) === batch);
  while ((await database.transact((tx) => expireRequests(tx, caller, batch))) === batch);
  while ((await database.transact((tx) => expireProposalApprovals(tx, caller, batch))) === batch);
  await also();
}
