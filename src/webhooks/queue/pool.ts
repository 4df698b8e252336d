import { EventEmitter } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { RunnerOptions } from "graphile-worker";
import type { Database } from "../../database/index.ts";
import { Problem } from "../../kernel/problem.ts";
import { type Asked, runStatement } from "./store.ts";

type Pool = NonNullable<RunnerOptions["pgPool"]>;

export interface QueuePool {
  /** What the library takes for its pool. */
  readonly pool: Pool;
  /** Tells it that there may be a job. */
  readonly nudge: () => void;
}

const pauseMs = 500;
/** For so long a statement of the library is tried again while the database cannot be reached; it gives up all its work when one fails. */
const patienceMs = 120_000;

/**
 * A pool for graphile-worker over the service's own: each of its statements is a transaction of ours, as the app role and with our
 * time-outs. It LISTENs to nothing, which a transaction pooler would not carry: its listener is woken from here, by whoever polls.
 */
export function makeQueuePool(database: Database): QueuePool {
  const pool = new EventEmitter();
  const listener = new EventEmitter();
  const query = (asked: string | Asked, values?: readonly unknown[]) =>
    patiently(() => database.transact((tx) => runStatement(tx, asked, values)));
  const client = { query, release: () => undefined };
  const deaf = Object.assign(listener, { query: async () => ({ rows: [] }) });
  const connect = async (answer?: (error: undefined, client: typeof deaf, release: () => void) => void) => {
    answer?.(undefined, deaf, () => undefined);
    return client;
  };
  for (const event of ["error", "connect"]) pool.on(event, () => undefined);
  listener.on("error", () => undefined);
  return {
    pool: Object.assign(pool, { connect, options: { max: Number.MAX_SAFE_INTEGER } }) as unknown as Pool,
    nudge: () => {
      listener.emit("notification", { channel: "jobs:insert", payload: '{"count":1}' });
    },
  };
}

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const unavailable = error instanceof Problem && error.definition.kind === "unavailable";
      if (!unavailable || performance.now() - since > patienceMs) throw error;
      await pause(pauseMs, undefined, { ref: false });
    }
  }
}
