import { createHash } from "node:crypto";
import type { Database } from "../database/index.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { type Identity, identify, recordUse } from "./tokens.ts";

interface Remembered {
  readonly identity: Promise<Identity | null>;
  until: number;
}

const remembersAtMost = 10_000;

/**
 * Answers who a bearer token stands for, and remembers it for a moment: a revocation is seen by every process within
 * `rememberMs`, an expiry at once (the time left is the database's, its passing is measured by the monotonic clock).
 */
export class Authenticator {
  readonly #database: Database;
  readonly #keys: ServerKeys;
  readonly #rememberMs: number;
  readonly #remembered = new Map<string, Remembered>();
  readonly #used = new Set<string>();

  constructor(database: Database, keys: ServerKeys, rememberMs: number) {
    this.#database = database;
    this.#keys = keys;
    this.#rememberMs = rememberMs;
  }

  /** The identity behind the token, or null. @throws ServiceProblem DATABASE_UNAVAILABLE, OVERLOADED */
  async authenticate(token: string): Promise<Identity | null> {
    const fingerprint = createHash("sha256").update(token).digest("base64url");
    const known = this.#remembered.get(fingerprint);
    const identity = await (known !== undefined && performance.now() < known.until
      ? known.identity
      : this.#lookUp(fingerprint, token));
    if (identity !== null) this.#used.add(identity.tokenId);
    return identity;
  }

  /** Writes down which tokens were used since the last call; for a timer. */
  async flushUse(): Promise<void> {
    const used = [...this.#used];
    this.#used.clear();
    if (used.length > 0) await this.#database.transact((tx) => recordUse(tx, used));
  }

  async #lookUp(fingerprint: string, token: string): Promise<Identity | null> {
    const identity = this.#database.transact((tx) => identify(tx, this.#keys, token), { readOnly: true });
    const entry: Remembered = { identity, until: performance.now() + this.#rememberMs };
    if (this.#remembered.size >= remembersAtMost) this.#remembered.clear();
    this.#remembered.set(fingerprint, entry);
    try {
      const found = await identity;
      if (found === null) this.#remembered.delete(fingerprint);
      else entry.until = Math.min(entry.until, performance.now() + found.remainingMs);
      return found;
    } catch (error) {
      this.#remembered.delete(fingerprint);
      throw error;
    }
  }
}
