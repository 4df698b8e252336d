import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/**
 * Ends the waits of commits for the standby, again and again: each is then committed on the primary alone, and its client gets no
 * more than a warning, or a connection that is gone.
 * @param superUrl of the primary
 * @returns how many
 */
export async function endWaits(superUrl: string, how: "cancel" | "terminate", milliseconds: number): Promise<number> {
  const client = new pg.Client({ connectionString: superUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    const until = performance.now() + milliseconds;
    let ended = 0;
    while (performance.now() < until) {
      const text = `SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`;
      ended += (await client.query(text)).rows.length;
      await pause(20);
    }
    return ended;
  } finally {
    await client.end();
  }
}
