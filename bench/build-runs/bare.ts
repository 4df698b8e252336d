import pg from "pg";
import { type Contender, poolSize, timed, times } from "./contender.ts";

/** A loop written by hand: fence, effect and marker in one transaction, and nothing else that a run needs. */
export async function bare(url: string): Promise<Contender> {
  const pool = new pg.Pool({ connectionString: url, max: poolSize });
  await pool.query(`CREATE TABLE bare_fence (lease text PRIMARY KEY, fence bigint NOT NULL);
    CREATE TABLE bare_marker (chain text, step int, fence bigint NOT NULL, PRIMARY KEY (chain, step));
    CREATE TABLE bare_effect (chain text NOT NULL, step int NOT NULL)`);
  let round = 0;
  const chainOf = async (chain: string, steps: number): Promise<void> => {
    await pool.query("INSERT INTO bare_fence VALUES ($1, 1)", [chain]);
    for (let step = 0; step < steps; step += 1) {
      const client = await pool.connect();
      await client.query("BEGIN");
      const { rows } = await client.query<{ fence: string }>(
        "SELECT fence FROM bare_fence WHERE lease = $1 FOR NO KEY UPDATE",
        [chain],
      );
      if (rows[0]?.fence !== "1") throw new Error("fenced out");
      await client.query("INSERT INTO bare_effect VALUES ($1, $2)", [chain, step]);
      await client.query("INSERT INTO bare_marker VALUES ($1, $2, 1)", [chain, step]);
      await client.query("COMMIT");
      client.release();
    }
  };
  return {
    name: "bare fenced pg loop",
    step: "one transaction: lock the fence, effect, marker",
    play(chains, steps) {
      round += 1;
      return timed(() => Promise.all(times(chains, (index) => chainOf(`${round}-${index}`, steps))));
    },
    close: () => pool.end(),
  };
}
