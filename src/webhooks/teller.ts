import type { Database, Tx } from "../database/index.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { forgetDelivered, forsakenLanes, unwokenLanes, wake, type Wake } from "./deliveries/store.ts";
import { fewAtOnce } from "./few.ts";
import { makeQueueWorker } from "./queue/worker.ts";
import { relay } from "./relay/relay.ts";
import { relayState } from "./relay/store.ts";
import { resealSecrets } from "./secrets.ts";
import type { Send } from "./send/send.ts";
import { carryLane, webhookOf } from "./turns/carry.ts";

export interface TellerOptions {
  readonly database: Database;
  readonly keys: ServerKeys;
  readonly send: Send;
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly retrySeconds: number;
  readonly keepDays: number;
  /** Deliveries under way at once. */
  readonly concurrency: number;
  /** Of those, to one webhook. */
  readonly endpointConcurrency: number;
  /** Connections that it may have of the pool. */
  readonly connections: number;
  readonly onError: (error: unknown) => void;
}

/** Tells webhooks what happened. */
export interface Teller {
  /** Looks for events to tell of and for deliveries that are due. @param stopped is asked now and then */
  look(stopped: () => boolean): Promise<void>;
  /** Breaks off what is under way; another process, or the next start, goes on. */
  stop(): Promise<void>;
}

/** How often it is looked for lanes that somebody who was killed has left. */
const forsakenMs = 5_000;
const tidyMs = 60_000;
const cleanupMs = 3_600_000;
const batch = 500;
/** How long attempts under way may go on after a stop. */
const graceMs = 3_000;

/** Makes what relays and delivers in this process. Nothing is done before it is told to look; with no webhook that is one read. */
export function makeTeller(given: TellerOptions): Teller {
  const options = { ...given, database: fewAtOnce(given.database, given.connections) };
  const { database, onError } = options;
  const stopping = new AbortController();
  const lanes = inTurn(options, stopping.signal);
  const worker = makeQueueWorker({ ...options, skipped: lanes.full, work: lanes.carry });
  const forsaken = every(forsakenMs, () => wakeAll(database, forsakenLanes));
  const unwoken = every(tidyMs, () => wakeAll(database, unwokenLanes));
  const swept = every(cleanupMs, () => worker.cleanUp());
  const tidy = every(tidyMs, async () => {
    await resealSecrets(database, options.keys);
    while ((await database.transact((tx) => forgetDelivered(tx, options.keepDays, batch))) >= batch);
  });
  return {
    async look(stopped) {
      const { enabled, behind } = await database.transact(relayState, { readOnly: true, single: true });
      await tidy().catch(onError);
      if (!enabled) return;
      // What was drawn a moment ago is mostly final at the second look.
      if (behind && (await relay(database, stopped)) && !stopped()) await relay(database, stopped);
      await worker.look();
      for (const work of [forsaken, unwoken, swept]) await work().catch(onError);
    },
    async stop() {
      const timer = setTimeout(() => stopping.abort(), graceMs);
      await worker.stop();
      clearTimeout(timer);
    },
  };
}

/** A job only wakes: where it was lost, with whoever had taken it, the rows know what is left to do. */
async function wakeAll(database: Database, find: (tx: Tx, limit: number) => Promise<Wake[]>): Promise<void> {
  let found: number;
  do {
    found = await database.transact(async (tx) => {
      const lanes = await find(tx, batch);
      await wake(tx, lanes);
      return lanes.length;
    });
  } while (found === batch);
}

function every(ms: number, work: () => Promise<void>): () => Promise<void> {
  let next = 0;
  return async () => {
    if (performance.now() < next) return;
    next = performance.now() + ms;
    await work();
  };
}

/** Carries lanes, few of one webhook at a time: the jobs of others are taken in their place. */
function inTurn(
  { endpointConcurrency, ...options }: TellerOptions,
  stop: AbortSignal,
): { full: () => string[] | null; carry: (lane: string) => Promise<void> } {
  const busy = new Map<string, number>();
  const retries = { attempts: options.attempts, firstSeconds: options.retrySeconds };
  return {
    full() {
      const full = [...busy].filter(([, lanes]) => lanes >= endpointConcurrency).map(([webhook]) => webhook);
      return full.length === 0 ? null : full;
    },
    async carry(lane) {
      const webhook = webhookOf(lane);
      const lanes = busy.get(webhook) ?? 0;
      // Several workers may have looked at once.
      if (lanes >= endpointConcurrency || stop.aborted) {
        const inSeconds = 0.2 + Math.random() * 0.5;
        await options.database.transact((tx) => wake(tx, [{ lane, webhook, inSeconds }]));
        return;
      }
      busy.set(webhook, lanes + 1);
      try {
        await carryLane(lane, { ...options, retries }, stop);
      } finally {
        const left = (busy.get(webhook) ?? 1) - 1;
        if (left === 0) busy.delete(webhook);
        else busy.set(webhook, left);
      }
    },
  };
}
