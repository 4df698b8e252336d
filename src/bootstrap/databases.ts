import type { Config } from "../config.ts";
import { provision, startEmbedded } from "../database/embedded/index.ts";

/** Where the control database is, and as whom it is reached. */
export interface Databases {
  readonly ownerUrl: string;
  readonly appUrl: string;
  /** The target databases: name and URL (RUN-7). */
  readonly targets: Readonly<Record<string, string>>;
  readonly embedded: boolean;
  stop(): Promise<void>;
}

export type Log = (message: string, fields?: object) => void;

/** Starts the embedded PostgreSQL, or takes the databases that the configuration names. */
export async function openDatabases(config: Config, log: Log): Promise<Databases> {
  if (config.databaseUrl === undefined) {
    const server = await startEmbedded({ dataDir: config.dataDir, log });
    const { ownerUrl, appUrl, targetUrl } = await provision(server);
    const targets = { default: targetUrl, ...config.targets };
    return { ownerUrl, appUrl, targets, embedded: true, stop: () => server.stop() };
  }
  const ownerUrl = config.databaseOwnerUrl ?? config.databaseUrl;
  return {
    ownerUrl,
    appUrl: config.databaseUrl,
    targets: config.targets,
    embedded: false,
    stop: async () => undefined,
  };
}
