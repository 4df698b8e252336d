import { hash } from "node:crypto";
import type { Database } from "../database/index.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import type { OidcIssuer } from "./oidc.ts";
import { type Identity, identify, isApiToken, recordUse } from "./tokens.ts";

interface Remembered {
  /** What was found; a promise of it while it is looked up. */
  identity: Identity | Promise<Identity | null>;
  until: number;
}

const remembersAtMost = 10_000;
const jwtForm = /^[^.]+\.[^.]+\.[^.]*$/;

/**
 * Answers who a bearer token stands for, and remembers it for a moment: a revocation is seen by every process within
 * `rememberMs`, an expiry at once (the time left is the database's, its passing is measured by the monotonic clock).
 * A refusal is not remembered.
 */
export class Authenticator {
  readonly #database: Database;
  readonly #keys: ServerKeys;
  readonly #rememberMs: number;
  readonly #issuer: OidcIssuer | undefined;
  readonly #remembered = new Map<string, Remembered>();
  readonly #used = new Set<string>();

  /** @param issuer whose JWTs are taken beside the service's own tokens */
  constructor(database: Database, keys: ServerKeys, rememberMs: number, issuer?: OidcIssuer) {
    this.#database = database;
    this.#keys = keys;
    this.#rememberMs = rememberMs;
    this.#issuer = issuer;
  }

  /**
   * The identity behind the token, at once where it is remembered; null for an API token that is not good, and for what is no token.
   * @throws ServiceProblem UNAUTHENTICATED for a JWT that is not good, IDENTITY_PROVIDER_UNAVAILABLE,
   *   DATABASE_UNAVAILABLE, OVERLOADED
   */
  authenticate(token: string): Identity | Promise<Identity | null> {
    const fingerprint = hash("sha256", token, "base64url");
    const known = this.#remembered.get(fingerprint);
    const identity =
      known !== undefined && performance.now() < known.until ? known.identity : this.#lookUp(fingerprint, token);
    return identity instanceof Promise ? identity.then((found) => this.#noted(found)) : this.#noted(identity);
  }

  #noted<Found extends Identity | null>(identity: Found): Found {
    if (identity !== null && identity.tokenId !== null) this.#used.add(identity.tokenId);
    return identity;
  }

  /** Writes down which tokens were used since the last call; for a timer. */
  async flushUse(): Promise<void> {
    const used = [...this.#used];
    this.#used.clear();
    if (used.length > 0) await this.#database.transact((tx) => recordUse(tx, used));
  }

  async #lookUp(fingerprint: string, token: string): Promise<Identity | null> {
    const asked = performance.now();
    const identity = this.#identify(token);
    const entry: Remembered = { identity, until: asked + this.#rememberMs };
    if (this.#remembered.size >= remembersAtMost) this.#remembered.clear();
    this.#remembered.set(fingerprint, entry);
    try {
      const found = await identity;
      if (found === null) this.#remembered.delete(fingerprint);
      else {
        entry.until = Math.min(entry.until, asked + found.remainingMs);
        entry.identity = found;
      }
      return found;
    } catch (error) {
      this.#remembered.delete(fingerprint);
      throw error;
    }
  }

  async #identify(token: string): Promise<Identity | null> {
    if (isApiToken(token)) {
      return this.#database.transact((tx) => identify(tx, this.#keys, token), { readOnly: true, single: true });
    }
    if (this.#issuer === undefined || !jwtForm.test(token)) return null;
    return this.#issuer.identify(this.#database, token);
  }
}
