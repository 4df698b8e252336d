import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

/** A lock that a test holds in a database, so that whoever needs the row or table waits there until it is let go. */
export interface Gate {
  /** Waits until somebody waits for it. */
  waitedFor(): Promise<void>;
  open(): Promise<void>;
}

/**
 * Holds a lock. @param lock the statement that takes it, e.g. `LOCK TABLE c1.operation_vocabulary`
 * @param superUrl a connection that may see who waits
 */
export async function holdGate(
  t: { teardown(work: () => Promise<unknown>): unknown },
  superUrl: string,
  lock: string,
): Promise<Gate> {
  const client = new pg.Client({ connectionString: superUrl, application_name: "gate" });
  await client.connect();
  client.on("error", () => undefined);
  let closed = false;
  const open = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await client.end();
  };
  t.teardown(open);
  await client.query("BEGIN");
  await client.query(lock);
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return {
    open,
    async waitedFor() {
      for (let looks = 0; looks < 800; looks += 1) {
        // A transaction sees the list of its first look, without those who came later.
        await client.query("SELECT pg_stat_clear_snapshot()");
        const waiting = await client.query("SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))", [
          rows[0]?.pid,
        ]);
        if (waiting.rowCount !== 0) return;
        // not a sleep: the pause between two looks at a condition
        await pause(25);
      }
      throw new Error("nobody waits");
    },
  };
}
