import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import { type Contender, poolSize, timed, times } from "./contender.ts";

/** DBOS Transact: a workflow of steps, its system tables in the same PostgreSQL. */
export async function dbos(url: string, systemUrl: string): Promise<Contender> {
  const pool = new pg.Pool({ connectionString: url, max: poolSize });
  await pool.query("CREATE TABLE dbos_effect (chain text NOT NULL, step int NOT NULL)");
  DBOS.setConfig({
    name: "bench",
    systemDatabaseUrl: systemUrl,
    systemDatabasePoolSize: poolSize,
    logLevel: "error",
  });
  const workflow = DBOS.registerWorkflow(
    async (chain: string, steps: number): Promise<void> => {
      for (let step = 0; step < steps; step += 1) {
        await DBOS.runStep(
          async () => void (await pool.query("INSERT INTO dbos_effect VALUES ($1, $2)", [chain, step])),
          { name: `s${step}` },
        );
      }
    },
    { name: "chain" },
  );
  await DBOS.launch();
  let round = 0;
  return {
    name: "DBOS Transact",
    step: "runStep: the effect, then its result in the system tables (two transactions, at least once)",
    play(chains, steps) {
      round += 1;
      return timed(() => Promise.all(times(chains, (index) => workflow(`${round}-${index}`, steps))));
    },
    async close() {
      await DBOS.shutdown();
      await pool.end();
    },
  };
}
