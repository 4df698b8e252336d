import pg from "pg";
import { appRole, MigrationProblem } from "./migrate.ts";

/**
 * The role that transactions over this URL must step down to: none where it logs in as the app role. Asked of the
 * database, since only it knows who a URL logs in as.
 * @throws MigrationProblem APP_ROLE_MISSING where it may not step down
 */
export async function roleToTake(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, application_name: "countersign-start" });
  // What is lost between two queries, the next one is rejected with.
  client.on("error", () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ who: string; may: boolean }>(
      "SELECT current_user AS who, pg_has_role($1, 'MEMBER') AS may",
      [appRole],
    );
    if (rows[0]?.who === appRole) return undefined;
    if (rows[0]?.may === true) return appRole;
    throw new MigrationProblem("APP_ROLE_MISSING", `${rows[0]?.who ?? "The role"} is not a member of ${appRole}.`);
  } finally {
    await client.end();
  }
}
