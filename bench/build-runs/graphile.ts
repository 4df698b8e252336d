import { Logger, run } from "graphile-worker";
import pg from "pg";
import { type Contender, poolSize, timed, times } from "./contender.ts";

interface Payload {
  readonly chain: string;
  readonly step: number;
  readonly steps: number;
}

/** graphile-worker: a job a step, each of which adds the next. */
export async function graphile(url: string): Promise<Contender> {
  const pool = new pg.Pool({ connectionString: url, max: poolSize + 4 });
  await pool.query("CREATE TABLE graphile_effect (chain text NOT NULL, step int NOT NULL)");
  const done = new Map<string, () => void>();
  const runner = await run({
    pgPool: pool,
    concurrency: poolSize,
    noHandleSignals: true,
    logger: new Logger(() => () => undefined),
    taskList: {
      async step(given, helpers) {
        const { chain, step, steps } = given as Payload;
        await helpers.query("INSERT INTO graphile_effect VALUES ($1, $2)", [chain, step]);
        if (step + 1 < steps) await helpers.addJob("step", { chain, step: step + 1, steps });
        else done.get(chain)?.();
      },
    },
  });
  let round = 0;
  const chainOf = (chain: string, steps: number): Promise<void> =>
    new Promise((resolve, reject) => {
      done.set(chain, resolve);
      runner.addJob("step", { chain, step: 0, steps }).catch(reject);
    });
  return {
    name: "graphile-worker",
    step: "a job a step: claim, effect, add the next, complete (four transactions, at least once)",
    play(chains, steps) {
      round += 1;
      return timed(() => Promise.all(times(chains, (index) => chainOf(`${round}-${index}`, steps))));
    },
    async close() {
      await runner.stop();
      await pool.end();
    },
  };
}
