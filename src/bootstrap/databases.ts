import type { Config } from "../config.ts";
import { provision, startEmbedded } from "../database/embedded/index.ts";

/** Where the control database is, and as whom it is reached. */
export interface Databases {
  readonly ownerUrl: string;
  readonly appUrl: string;
  readonly embedded: boolean;
  stop(): Promise<void>;
}

export type Log = (message: string, fields?: object) => void;

/** Starts the embedded PostgreSQL, or takes the databases that the configuration names. */
export async function openDatabases(config: Config, log: Log): Promise<Databases> {
  if (config.databaseUrl === undefined) {
    const server = await startEmbedded({ dataDir: config.dataDir, log });
    const { ownerUrl, appUrl } = await provision(server);
    return { ownerUrl, appUrl, embedded: true, stop: () => server.stop() };
  }
  const ownerUrl = config.databaseOwnerUrl ?? config.databaseUrl;
  return { ownerUrl, appUrl: config.databaseUrl, embedded: false, stop: async () => undefined };
}
