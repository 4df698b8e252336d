import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "../database/index.ts";
import { readEvents } from "./read.ts";
import type { RunEvent } from "./schemas.ts";
import { isUnderWay, type RunStatus } from "./states.ts";

/** What a watcher is handed: an event, a sign of life, or that it is over. */
export type Seen =
  | { readonly kind: "event"; readonly event: RunEvent }
  | { readonly kind: "idle" }
  | { readonly kind: "end"; readonly status: RunStatus; readonly stop_state: string | null };

const batch = 200;
const quickMs = 100;
const slowMs = 1_000;
const idleMs = 10_000;

/**
 * The progress of a run from `after` on, until it has ended or the signal says that nobody watches. It asks the database,
 * more seldom while nothing happens: no notification is sent on the way of a transition.
 * @throws ServiceProblem NOT_FOUND
 */
export async function* watchRun(
  database: Database,
  root: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<Seen> {
  let last = after;
  let wait = quickMs;
  let silent = 0;
  while (!signal.aborted) {
    const { items, status, stop_state } = await database.transact((tx) => readEvents(tx, root, last, batch), {
      readOnly: true,
    });
    for (const event of items) {
      yield { kind: "event", event };
      last = event.seq;
    }
    if (items.length === batch) continue;
    if (!isUnderWay(status)) {
      yield { kind: "end", status, stop_state };
      return;
    }
    wait = items.length > 0 ? quickMs : Math.min(slowMs, wait * 1.5);
    silent = items.length > 0 ? 0 : silent + wait;
    if (silent >= idleMs) {
      silent = 0;
      yield { kind: "idle" };
    }
    await pause(wait, undefined, { signal }).catch(() => undefined);
  }
}
