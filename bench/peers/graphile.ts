import { EventEmitter } from "node:events";
import { Logger, run, type Runner, runMigrations, type WorkerEvents } from "graphile-worker";
import pg from "pg";
import { type Load, measure } from "../grants/load.ts";
import { spread } from "../support/results.ts";
import { type Contender, poolSize } from "./contender.ts";

const task = "use";
/** A job whose worker dies is done again. */
const steps = { overHttp: false, shared: 0, exactlyOnce: false, onRecord: false };

/** graphile-worker, as a library in the process of the bench: no HTTP. */
export async function graphile(url: string): Promise<Contender> {
  const pool = new pg.Pool({ connectionString: url, max: poolSize });
  // What goes wrong, the query under way is rejected with.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  await runMigrations({ pgPool: pool });
  return {
    name: "graphile-worker",
    steps: { ...steps, does: "claim (UPDATE), complete (DELETE)", transactions: 2, rows: 2 },
    use: (atOnce, count) => withRunner(pool, atOnce, (_runner, events) => useStanding(pool, events, count)),
    whole: {
      steps: { ...steps, does: "add (INSERT), claim, complete", transactions: 3, rows: 3 },
      use: (atOnce, count) =>
        withRunner(pool, atOnce, (runner, events) => addAndWait(runner, events, { atOnce, count })),
    },
    close: () => pool.end(),
  };
}

async function withRunner(
  pool: pg.Pool,
  concurrency: number,
  work: (runner: Runner, events: WorkerEvents) => Promise<Load>,
): Promise<Load> {
  const events = new EventEmitter() as WorkerEvents;
  const runner = await run({
    pgPool: pool,
    concurrency,
    events,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: { [task]: () => undefined },
  });
  try {
    return await work(runner, events);
  } finally {
    await runner.stop();
  }
}

/** All jobs become visible by one commit; what a worker took for one is the time since it was done with the one before. */
async function useStanding(pool: pg.Pool, events: WorkerEvents, count: number): Promise<Load> {
  const took: number[] = [];
  const since = new Map<string, number>();
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    await client.query(
      `SELECT count(*) FROM graphile_worker.add_jobs(ARRAY(SELECT ROW($1, '{}', NULL, NULL, NULL, NULL, NULL, NULL)::graphile_worker.job_spec
                                                             FROM generate_series(1, $2::int)))`,
      [task, count],
    );
    const start = performance.now();
    const done = new Promise<void>((resolve) => {
      events.on("job:complete", ({ worker }) => {
        const now = performance.now();
        took.push(now - (since.get(worker.workerId) ?? start));
        since.set(worker.workerId, now);
        if (took.length === count) resolve();
      });
    });
    await client.query("COMMIT");
    await done;
    return loadOf(took, performance.now() - start);
  } finally {
    client.release();
  }
}

/** So many callers, each of whom adds a job and waits until it is complete. */
function addAndWait(
  runner: Runner,
  events: WorkerEvents,
  { atOnce, count }: { atOnce: number; count: number },
): Promise<Load> {
  const complete = new Set<string>();
  const waiting = new Map<string, () => void>();
  events.on("job:complete", ({ job }) => {
    // It may be done before whoever added it knows its number.
    complete.add(job.id);
    waiting.get(job.id)?.();
  });
  return measure(atOnce, Array.from({ length: count }), async () => {
    const job = await runner.addJob(task, {});
    if (complete.has(job.id)) return;
    await new Promise<void>((resolve) => {
      waiting.set(job.id, resolve);
    });
  });
}

function loadOf(took: readonly number[], milliseconds: number): Load {
  const sorted = took.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? 0;
  return { rate: took.length / (milliseconds / 1_000), p50: spread(took).median, p99 };
}
