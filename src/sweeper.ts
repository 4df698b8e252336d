import { expireRequests } from "./approvals/index.ts";
import { type Clock, startClock } from "./clock.ts";
import type { Database } from "./database/index.ts";
import { expireGrants } from "./grants/index.ts";
import { forgetOldAnswers } from "./idempotency/index.ts";
import { serviceCaller } from "./kernel/caller.ts";
import { expireProposalApprovals } from "./plans/index.ts";
import { endOverSessions } from "./sessions/index.ts";

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
export function startSweeper(options: SweeperOptions): Clock {
  return startClock(options.intervalMs, () => sweep(options), options.onError);
}

async function sweep({ database, also }: SweeperOptions): Promise<void> {
  const caller = serviceCaller("sweeper");
  while ((await database.transact((tx) => expireGrants(tx, caller, batch))) === batch);
  while ((await database.transact((tx) => expireRequests(tx, caller, batch))) === batch);
  while ((await database.transact((tx) => expireProposalApprovals(tx, caller, batch))) === batch);
  while ((await database.transact((tx) => endOverSessions(tx, batch))) === batch);
  while ((await database.transact((tx) => forgetOldAnswers(tx, batch))) === batch);
  await also();
}
