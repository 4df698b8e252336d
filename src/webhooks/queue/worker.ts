import type { Logger, Runner } from "graphile-worker";
import type { Database } from "../../database/index.ts";
import { makeQueuePool } from "./pool.ts";

export interface WorkerOptions {
  readonly database: Database;
  /** Jobs under way at once. */
  readonly concurrency: number;
  /** Flags of jobs that are passed over for now. */
  readonly skipped: () => string[] | null;
  /** Does one job. It is told the lane. */
  readonly work: (lane: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** graphile-worker, which is told to look for jobs and looks by itself only seldom. */
export interface QueueWorker {
  /** Looks for a job; starts where it is not running. */
  look(): Promise<void>;
  /** Removes jobs that were replaced while somebody who was killed had them. */
  cleanUp(): Promise<void>;
  /** Waits for jobs under way. */
  stop(): Promise<void>;
}

/** Where nobody says anything. */
const idleMs = 60_000;

export function makeQueueWorker(options: WorkerOptions): QueueWorker {
  const { pool, nudge } = makeQueuePool(options.database);
  let runner: Runner | undefined;
  let stopped = false;

  const start = async (): Promise<void> => {
    const { run } = await import("graphile-worker");
    if (stopped) return;
    const started = await run({
      pgPool: pool,
      concurrency: options.concurrency,
      pollInterval: idleMs,
      noHandleSignals: true,
      noPreparedStatements: true,
      parsedCronItems: [],
      forbiddenFlags: options.skipped,
      logger: await silentLogger(),
      taskList: {
        async webhook(payload) {
          // As long as there is a job to be had, another worker has a look too; the first that finds none ends it.
          nudge();
          await options.work(laneOf(payload));
        },
      },
    });
    runner = started;
    started.events.on("job:error", ({ error }) => options.onError(error));
    // It ends where the database was away for too long; the next look starts it again.
    void started.promise.catch(options.onError).finally(() => {
      if (runner === started) runner = undefined;
    });
  };

  return {
    async look() {
      if (stopped) return;
      if (runner === undefined) await start();
      else nudge();
    },
    async cleanUp() {
      const { makeWorkerUtils } = await import("graphile-worker");
      const utils = await makeWorkerUtils({ pgPool: pool, logger: await silentLogger() });
      await utils.cleanup({ tasks: ["DELETE_PERMAFAILED_JOBS"] });
      await utils.release();
    },
    async stop() {
      stopped = true;
      await runner?.stop().catch(options.onError);
    },
  };
}

/** What goes wrong comes by events; the rest is of no interest, and says what is in a job. */
async function silentLogger(): Promise<Logger> {
  const { Logger: LoggerOf } = await import("graphile-worker");
  return new LoggerOf(() => () => undefined);
}

function laneOf(payload: unknown): string {
  const { lane } = payload as { lane?: unknown };
  return typeof lane === "string" ? lane : "";
}
