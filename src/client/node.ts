import { readFile } from "node:fs/promises";
import { Client } from "./client.ts";
import type { Behaviour } from "./options.ts";

export * from "./index.ts";

/** What the service writes to `$DATA_DIR/credentials.json` when it first starts with a database of its own. */
export interface Credentials {
  /** Where the service listens; null before it has listened for the first time. */
  readonly url: string | null;
  readonly sync_secret: string;
  /** A token for each name. */
  readonly tokens: Readonly<Record<string, string>>;
}

/**
 * Reads a credentials file.
 * @throws Error where it cannot be read, SyntaxError where it is no JSON, TypeError where it is something else
 */
export async function readCredentials(file: string): Promise<Credentials> {
  const value = JSON.parse(await readFile(file, "utf8")) as unknown;
  if (isCredentials(value)) return value;
  throw new TypeError(`${file} has no url, sync_secret and tokens: it is not a credentials file`);
}

/**
 * A client that calls as one of a credentials file.
 * @param name whose token: `requester`, `approver_1`, `dispatcher`, …
 * @throws like readCredentials, and TypeError where the file has no such name, or no URL yet
 */
export async function clientOf(file: string, name: string, behaviour: Behaviour = {}): Promise<Client> {
  const { url, tokens } = await readCredentials(file);
  const token = Object.hasOwn(tokens, name) ? tokens[name] : undefined;
  if (token === undefined) throw new TypeError(`${file} has no token named ${name}`);
  if (url === null) throw new TypeError(`${file} has no URL yet: start the service first`);
  return new Client({ ...behaviour, url, token });
}

function isCredentials(value: unknown): value is Credentials {
  if (typeof value !== "object" || value === null) return false;
  const { url, sync_secret, tokens } = value as Readonly<Record<string, unknown>>;
  if ((url !== null && typeof url !== "string") || typeof sync_secret !== "string") return false;
  if (typeof tokens !== "object" || tokens === null) return false;
  return Object.values(tokens).every((token) => typeof token === "string");
}
