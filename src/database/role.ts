import pg from "pg";
import { appRole } from "./migrate.ts";

/**
 * The role that transactions over this URL must step down to: none where it logs in as the app role. Asked of the
 * database, since only it knows who a URL logs in as.
 */
export async function roleToTake(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, application_name: "countersign-start" });
  await client.connect();
  try {
    const { rows } = await client.query<{ who: string }>("SELECT current_user AS who");
    return rows[0]?.who === appRole ? undefined : appRole;
  } finally {
    await client.end();
  }
}
