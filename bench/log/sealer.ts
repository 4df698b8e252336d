import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Database, openDatabase } from "../../src/database/index.ts";
import { makeLogKeeper, openLog } from "../../src/evidence/index.ts";
import { onceAs } from "../grants/place.ts";
import { type LogBase, signer } from "./place.ts";

/** What it took to seal a backlog. */
export interface SealedBacklog {
  readonly events: number;
  readonly seconds: number;
  /** The longest that the process which sealed could do nothing else, in ms. */
  readonly stall: number;
}

/** The sealer of the service in a process that does nothing else: this one. */
export interface Sealer {
  readonly database: Database;
  /** Seals all that is there. @throws Error when the log could not be kept, or something is left */
  sealAll(): Promise<SealedBacklog>;
  close(): Promise<void>;
}

/** How long a backlog may take, in ms: longer than ten million events do. */
const patienceMs = 1_200_000;

export async function openSealer({ appUrl, superUrl }: LogBase): Promise<Sealer> {
  const database = openDatabase({ url: appUrl, poolSize: 4 });
  await database.transact((tx) => openLog(tx, signer));
  const failures: unknown[] = [];
  const keeper = makeLogKeeper({ database, signer, witnesses: [], onError: (error) => failures.push(error) });
  const size = async (): Promise<{ size: number; left: number }> => {
    const [row] = await onceAs<{ size: number; left: number }>(
      superUrl,
      `SELECT size::float8 AS size, (CASE WHEN is_called THEN last_value ELSE last_value - 1 END - sealed_seq)::float8 AS left
         FROM audit_log, audit_events_seq`,
    );
    if (row === undefined) throw new Error("there is no log");
    return row;
  };
  return {
    database,
    async sealAll() {
      // It notes how far the events go, and seals so far when it comes again.
      await keeper.keep(() => false);
      const before = await size();
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const start = performance.now();
      let after = before;
      // A transaction of somebody else (PostgreSQL analyzes what grows) may have to end first.
      do await keeper.keep(() => false);
      while ((after = await size()).left > 0 && failures.length === 0 && performance.now() - start < patienceMs);
      const seconds = (performance.now() - start) / 1_000;
      delay.disable();
      if (failures.length > 0) throw failures[0];
      if (after.left > 0) throw new Error(`${after.left} events are left unsealed`);
      return { events: after.size - before.size, seconds, stall: delay.max / 1e6 };
    },
    close: () => database.close(),
  };
}
