import { readFileSync } from "node:fs";
import path from "node:path";
import { Client } from "../client/index.ts";
import type { ClientConfig } from "../config-client.ts";
import { placeholder } from "./curl.ts";
import { type Profile, type Profiles, profileNamed, readProfiles } from "./profiles.ts";
import { UsageError } from "./usage.ts";

export { UsageError } from "./usage.ts";

export interface ConnectionOptions {
  readonly url?: string;
  readonly token?: string;
  readonly tokenFrom?: string;
  readonly credentials?: string;
  readonly as?: string;
  readonly profile?: string;
  readonly curl?: boolean;
}

interface Credentials {
  readonly url: string | null;
  readonly sync_secret: string;
  readonly tokens: Readonly<Record<string, string>>;
}

export interface Connection {
  readonly client: Client;
  /** @throws UsageError when none is known */
  readonly syncSecret: () => string;
  /** Nothing is sent: the first request is thrown, for whoever prints it. */
  readonly dry: boolean;
}

/** Where a command may find out about the service, each undefined where it does not count. */
interface Sources {
  /** Named by --profile or COUNTERSIGN_PROFILE. */
  readonly named: Profile | undefined;
  readonly inUse: Profile | undefined;
  readonly credentials: Credentials | undefined;
  readonly credentialsFile: string;
}

/**
 * Where the service is and as whom it is called: options first, then a profile that is named, the environment, the profile
 * in use, the credentials file.
 * @param usual the name in the credentials file that this command is meant for
 * @throws UsageError when the token or the URL cannot be found
 */
export function connect(options: ConnectionOptions, config: ClientConfig, usual: string): Connection {
  const sources = findSources(options, config);
  const { named, inUse, credentials } = sources;
  const url = serviceUrl(
    options.url ?? named?.url ?? config.url ?? inUse?.url ?? credentials?.url ?? "http://127.0.0.1:8080",
  );
  // That needs no token, and shows none.
  if (options.curl === true) {
    return { client: new Client({ url, token: placeholder, dry: true }), syncSecret: () => placeholder, dry: true };
  }
  const token = findToken(options, config, sources, { url, usual });
  if (token === undefined) {
    throw new UsageError("no token: use a profile, COUNTERSIGN_TOKEN, --token-from, or --credentials and --as");
  }
  return {
    client: new Client({ url, token }),
    dry: false,
    syncSecret() {
      const ofService = inUse !== undefined && sameService(inUse.url, url) ? inUse.sync_secret : undefined;
      const found = named === undefined ? (ofService ?? credentials?.sync_secret) : undefined;
      const secret = named?.sync_secret ?? config.syncSecret ?? found;
      if (secret === undefined) {
        throw new UsageError("execute needs SYNC_SECRET: in the environment, a profile or a credentials file");
      }
      return secret;
    },
  };
}

function findSources(options: ConnectionOptions, config: ClientConfig): Sources {
  const credentialsFile = options.credentials ?? path.join(config.dataDir, "credentials.json");
  const asked = options.credentials !== undefined || options.as !== undefined;
  if (asked && options.profile !== undefined) throw new UsageError("--profile is one, --credentials and --as another");
  const credentials = readCredentials(credentialsFile, asked);
  if (asked) return { named: undefined, inUse: undefined, credentials, credentialsFile };
  const name = options.profile ?? config.profile;
  // A file of profiles that cannot be used is no matter to who has said all by other means.
  const otherwise = name === undefined && (options.token ?? options.tokenFrom ?? config.token) !== undefined;
  const all: Profiles = otherwise ? { current: null, profiles: {} } : readProfiles(config.profilesFile);
  const inUse = all.current === null ? undefined : all.profiles[all.current];
  return { named: name === undefined ? undefined : profileNamed(all, name), inUse, credentials, credentialsFile };
}

/** A token that nobody named goes only to the service that it is kept with. @throws UsageError */
function findToken(
  options: ConnectionOptions,
  config: ClientConfig,
  sources: Sources,
  { url, usual }: { readonly url: string; readonly usual: string },
): string | undefined {
  const { named, inUse, credentials } = sources;
  if (options.token !== undefined) return options.token;
  if (options.tokenFrom !== undefined) return readText(options.tokenFrom === "-" ? 0 : options.tokenFrom).trim();
  if (options.as !== undefined) return tokenAs(options.as, sources);
  if (named !== undefined) {
    if (sameService(named.url, url)) return named.token ?? config.token;
    throw new UsageError(`the profile's token is for ${named.url} and does not go to ${url}`);
  }
  if (config.token !== undefined) return config.token;
  if (inUse !== undefined) return sameService(inUse.url, url) ? inUse.token : theirs(credentials, url)?.tokens[usual];
  const anywhere = options.credentials !== undefined || (options.url ?? config.url) === undefined;
  return (anywhere ? credentials : theirs(credentials, url))?.tokens[usual];
}

/** @throws UsageError where the file has no such token */
function tokenAs(name: string, { credentials, credentialsFile }: Sources): string {
  const token = credentials?.tokens[name];
  if (token === undefined) throw new UsageError(`there is no token named ${name} in ${credentialsFile}`);
  return token;
}

function theirs(credentials: Credentials | undefined, url: string): Credentials | undefined {
  return credentials?.url != null && sameService(credentials.url, url) ? credentials : undefined;
}

const sameService = (one: string, other: string): boolean => one.replace(/\/+$/, "") === other.replace(/\/+$/, "");

/** @throws UsageError when it is no URL of http or https */
export function serviceUrl(url: string): string {
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) throw new UsageError(`${url} is not a URL`);
  return url;
}

/** @throws UsageError when the file is no JSON, or is asked for and missing */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8")) as unknown;
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @param file 0 is standard input. @throws UsageError when the file cannot be read */
export function readText(file: string | 0): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const name = file === 0 ? "standard input" : file;
    throw new UsageError(`cannot read ${name}: ${error instanceof Error ? error.message : String(error)}`);
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
