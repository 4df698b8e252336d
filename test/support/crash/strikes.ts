import pg from "pg";
import { urlTo } from "./databases.ts";
import { claims } from "./orders.ts";
import { type Copy, eventually } from "./play.ts";
import { type Connection, type Moment, watchStatements } from "./statements.ts";

/** Something that happens to a connection of an engine in this process, at one of its statements. */
export interface Strike {
  readonly number: number;
  readonly moment: Moment;
  strike(connection: Connection): Promise<void>;
}

/** What the driver says of a connection that is gone: after a statement was answered, it stands in the answer's place. */
const lost = "Connection terminated unexpectedly";

/**
 * Watches the engines of this process, each of which works on a copy of its own.
 * @returns has a copy struck, and ends the watch
 */
export function watchEngines(): { expect(copy: Copy, strikes: readonly Strike[]): void; end(): void } {
  const plays = new Map<string, { strikes: readonly Strike[]; counting: boolean; name: string }>();
  const end = watchStatements({
    numberOf(text, { database, connectionParameters }) {
      const play = plays.get(database);
      // The test's own connections go to the same databases; they have no name.
      if (play === undefined || !connectionParameters.application_name?.startsWith("countersign")) return undefined;
      play.counting ||= claims.test(text);
      return play.counting ? play.name : undefined;
    },
    async at(moment, { number, database }, connection) {
      const due = plays.get(database)?.strikes.find((one) => one.number === number && one.moment === moment);
      if (due === undefined) return;
      await due.strike(connection);
      if (moment === "after") throw new Error(lost);
    },
  });
  return {
    expect({ stage, target }, strikes) {
      const play = { strikes, counting: false, name: stage.names.name };
      plays.set(stage.names.name, play);
      plays.set(new URL(target.url).pathname.slice(1), play);
    },
    end,
  };
}

/** Ends the connection's backend, as an administrator may at any time, and waits until it is gone. */
export async function terminate(superUrl: string, { processID }: Connection): Promise<void> {
  const client = new pg.Client({ connectionString: urlTo(superUrl, "postgres") });
  await client.connect();
  try {
    await client.query("SELECT pg_terminate_backend($1)", [processID]);
    await eventually("the backend is gone", async () => {
      const { rowCount } = await client.query("SELECT FROM pg_stat_activity WHERE pid = $1", [processID]);
      return rowCount === 0;
    });
  } finally {
    await client.end();
  }
}
