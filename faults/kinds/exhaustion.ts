import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { query } from "../../test/support/data-directory.ts";
import { eventually } from "../scene/patience.ts";
import type { Kind } from "./kind.ts";

/** Takes every connection that there is to be had, as the role of the service, several at a time. @returns them */
async function takeAll(url: string): Promise<pg.Client[]> {
  const taken: pg.Client[] = [];
  const take = async (): Promise<void> => {
    for (;;) {
      const client = new pg.Client({ connectionString: url });
      client.on("error", () => undefined);
      try {
        await client.connect();
      } catch {
        return;
      }
      taken.push(client);
    }
  };
  await Promise.all(Array.from({ length: 6 }, take));
  return taken;
}

/** A superuser's connections are reserved; those of the service are not, and what it loses others take. @returns how many */
async function endOthers(superUrl: string): Promise<number> {
  let ended = 0;
  // Whoever is being turned away holds a reserved one for a moment.
  await eventually("a superuser is let in", async () => {
    const rows = await query(
      superUrl,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = 'countersign_app' AND application_name <> ''`,
    );
    ended = rows.length;
    return true;
  });
  return ended;
}

export const exhaustion: Kind = {
  name: "exhaustion",
  what: "all of PostgreSQL's connections taken by someone else, those of the service ended",
  async strike({ stage }, random) {
    const taken = await takeAll(stage.names.appUrl);
    try {
      let ended = 0;
      // Whoever loses a connection is quick to take the next one that is free, so it is ended again.
      for (let pass = 1, last = 1; pass <= 6 && last > 0; pass += 1) {
        last = await endOthers(stage.names.superUrl);
        ended += last;
        taken.push(...(await takeAll(stage.names.appUrl)));
      }
      await pause(random.between(200, 500));
      return `${taken.length} connections taken, ${ended} of the service ended`;
    } finally {
      await Promise.all(taken.map((client) => client.end()));
    }
  },
  caughtBy: ["lost", "audit"],
  because: "it has answered, and then there is no connection to write with",
};
