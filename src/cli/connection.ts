import { readFileSync } from "node:fs";
import path from "node:path";
import { Client } from "../client/index.ts";
import type { ClientConfig } from "../config.ts";

export interface ConnectionOptions {
  readonly url?: string;
  readonly token?: string;
  readonly credentials?: string;
  readonly as?: string;
}

interface Credentials {
  readonly url: string | null;
  readonly sync_secret: string;
  readonly tokens: Readonly<Record<string, string>>;
}

/** The command cannot be carried out as it was written: exit 2. */
export class UsageError extends Error {}

export interface Connection {
  readonly client: Client;
  /** @throws UsageError when the credentials have none */
  readonly syncSecret: () => string;
}

/**
 * Where the service is and as whom it is called: options first, then the environment, then the credentials file.
 * @param usual the name in the credentials file that this command is meant for
 * @throws UsageError when the token or the URL cannot be found
 */
export function connect(options: ConnectionOptions, config: ClientConfig, usual: string): Connection {
  const file = options.credentials ?? path.join(config.dataDir, "credentials.json");
  const credentials = readCredentials(file, options.credentials !== undefined || options.as !== undefined);
  const token = findToken(options, config, credentials, usual);
  if (options.as !== undefined && credentials?.tokens[options.as] === undefined) {
    throw new UsageError(`there is no token named ${options.as} in ${file}`);
  }
  if (token === undefined) throw new UsageError("no token: give --token, COUNTERSIGN_TOKEN, or --credentials and --as");
  const url = options.url ?? config.url ?? credentials?.url ?? "http://127.0.0.1:8080";
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) throw new UsageError(`${url} is not a URL`);
  return {
    client: new Client(url, token),
    syncSecret() {
      if (credentials === undefined) throw new UsageError("execute needs the sync_secret of a credentials file");
      return credentials.sync_secret;
    },
  };
}

function findToken(
  options: ConnectionOptions,
  config: ClientConfig,
  credentials: Credentials | undefined,
  usual: string,
): string | undefined {
  if (options.token !== undefined) return options.token;
  if (options.as !== undefined) return credentials?.tokens[options.as];
  const url = options.url ?? config.url;
  // A token that nobody named goes only to the service whose credentials file it is in.
  const elsewhere = options.credentials === undefined && url !== undefined && url !== credentials?.url;
  return config.token ?? (elsewhere ? undefined : credentials?.tokens[usual]);
}

/** @throws UsageError when the file is no JSON, or is asked for and missing */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as unknown;
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws UsageError when the file cannot be read */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readCredentials(file: string, asked: boolean): Credentials | undefined {
  try {
    return readJson(file) as Credentials;
  } catch (error) {
    if (asked) throw error;
    return undefined;
  }
}
