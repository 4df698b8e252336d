import pg from "pg";
import type { Config } from "../config.ts";
import { appRole } from "../database/index.ts";
import { provision, startEmbedded } from "../database/embedded/index.ts";

/** Where the control database is, and as whom it is reached. */
export interface Databases {
  readonly ownerUrl: string;
  readonly appUrl: string;
  /** The role that every transaction steps down to, where the URL's own role has more rights than it should. */
  readonly stepDownTo: string | undefined;
  readonly embedded: boolean;
  stop(): Promise<void>;
}

export type Log = (message: string, fields?: object) => void;

/** Starts the embedded PostgreSQL, or takes the databases that the configuration names. */
export async function openDatabases(config: Config, log: Log): Promise<Databases> {
  if (config.databaseUrl === undefined) {
    const server = await startEmbedded({ dataDir: config.dataDir, log });
    const { ownerUrl, appUrl } = await provision(server);
    return { ownerUrl, appUrl, stepDownTo: undefined, embedded: true, stop: () => server.stop() };
  }
  const ownerUrl = config.databaseOwnerUrl ?? config.databaseUrl;
  return { ownerUrl, appUrl: config.databaseUrl, stepDownTo: appRole, embedded: false, stop: async () => undefined };
}

/**
 * The role to step down to: none where the URL's role is the app role already. Asked of the database, since only it
 * knows who a URL logs in as.
 */
export async function roleToTake(databases: Databases): Promise<string | undefined> {
  if (databases.stepDownTo === undefined) return undefined;
  const client = new pg.Client({ connectionString: databases.appUrl, application_name: "countersign-start" });
  await client.connect();
  try {
    const { rows } = await client.query<{ who: string }>("SELECT current_user AS who");
    return rows[0]?.who === databases.stepDownTo ? undefined : databases.stepDownTo;
  } finally {
    await client.end();
  }
}
