import { type CryptoKey, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import type { Database, Tx } from "../database/index.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { admit } from "./admit.ts";
import { type ClaimMapping, type Claims, principalOf, rolesOf } from "./claims.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { databaseTime } from "./store.ts";
import type { Identity } from "./tokens.ts";

export interface IssuerSettings extends ClaimMapping {
  /** Compared as text with `iss` and with the discovery document. */
  readonly issuer: string;
  readonly audience: string;
  /** Asymmetric ones alone. */
  readonly algorithms: readonly string[];
  /** Milliseconds; see {@link IssuerKeys}. */
  readonly keyCooldownMs: number;
}

/** How far the issuer's clock may be from the database's; a token is taken this long after `exp` and before `nbf`. */
const clockToleranceSeconds = 5;
/** The end of the year 9999: a time past it is a mistake, and no date can be made of it. */
const lastSecond = 253_402_300_799;

/** Answers whom a JWT of one issuer stands for (RFC 7519, RFC 8725, RFC 9068). */
export class OidcIssuer {
  readonly #settings: IssuerSettings;
  readonly #keys: IssuerKeys;

  constructor(settings: IssuerSettings) {
    this.#settings = settings;
    this.#keys = new IssuerKeys(settings.issuer, settings.keyCooldownMs);
  }

  /**
   * Checks the token and makes or updates its principal. The key is found before the transaction, which waits for
   * nobody but the database.
   * @throws ServiceProblem UNAUTHENTICATED with what is wrong, IDENTITY_PROVIDER_UNAVAILABLE, DATABASE_UNAVAILABLE
   */
  async identify(database: Database, token: string): Promise<Identity> {
    const { alg, kid } = this.#inspect(token);
    const key = await this.#keys.find(alg, kid);
    return database.transact((tx) => this.#identifyIn(tx, token, key));
  }

  /** Refuses what needs no key to be refused. Nothing that is read here is trusted: it only selects a key. */
  #inspect(token: string): { alg: string; kid: string } {
    const { issuer, algorithms } = this.#settings;
    const { header, claims } = decode(token);
    if (header.crit !== undefined) throw refusal("The token's header has `crit`; no extension is known here.");
    if (header.alg === undefined || !algorithms.includes(header.alg)) {
      throw refusal(`The token's \`alg\` is not allowed; allowed are ${algorithms.join(", ")}.`);
    }
    if (typeof header.kid !== "string" || header.kid === "") {
      throw refusal("The token's header lacks `kid`, which says by which key of the issuer it is signed.");
    }
    // Before the key is looked for: the token of another issuer names a key that this one does not have.
    if (claims.iss !== undefined && claims.iss !== issuer) throw refusal(wrongIssuer);
    return { alg: header.alg, kid: header.kid };
  }

  async #identifyIn(tx: Tx, token: string, key: CryptoKey): Promise<Identity> {
    const now = await databaseTime(tx);
    const claims = await this.#verify(token, key, now);
    const identity = await this.#admit(tx, claims);
    return { ...identity, tokenId: null, remainingMs: claims.exp * 1_000 - now.getTime() };
  }

  /**
   * Makes or updates the principal that claims of this issuer name: those of an ID token that was found good.
   * @returns the principal
   * @throws ServiceProblem UNAUTHENTICATED as {@link identify}
   */
  async admitClaims(tx: Tx, claims: Claims): Promise<string> {
    return (await this.#admit(tx, claims)).principal;
  }

  async #admit(tx: Tx, claims: Claims) {
    const found = principalOf(claims, this.#settings.principalClaim);
    if ("refused" in found) throw refusal(found.refused);
    const identity = { principal: found.principal, roles: rolesOf(claims, this.#settings) };
    await admit(tx, this.#settings.issuer, identity);
    return identity;
  }

  async #verify(token: string, key: CryptoKey, now: Date): Promise<JWTPayload & { exp: number }> {
    const { issuer, audience, algorithms } = this.#settings;
    const { payload } = await jwtVerify(token, key, {
      issuer,
      audience,
      algorithms: [...algorithms],
      requiredClaims: ["exp"],
      currentDate: now,
      clockTolerance: clockToleranceSeconds,
    }).catch((error: unknown) => {
      throw explained(error);
    });
    if (payload.exp === undefined || payload.exp > lastSecond) throw refusal("The token's claim `exp` is not a time.");
    // Whoever presents it as a bearer token shows no such key (RFC 7800, RFC 8705, RFC 9449).
    if (payload["cnf"] !== undefined) {
      throw refusal("The token has `cnf`: it is bound to a key, and this service takes bearer tokens only.");
    }
    return { ...payload, exp: payload.exp };
  }
}

const wrongIssuer = "The token's `iss` is not the issuer that this service trusts.";

function decode(token: string) {
  try {
    if (token.split(".").every(isBase64url)) {
      return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
    }
  } catch {
    // Said below.
  }
  throw refusal("The token is neither an API token nor a JWT: its parts cannot be read.");
}

/** Whether it is the one spelling of its bytes: a decoder that drops left-over bits takes sixteen spellings of one token. */
function isBase64url(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}

/** What jose found wrong, without anything that the token says but its times. */
function explained(error: unknown): ServiceProblem {
  if (error instanceof errors.JWTExpired) return refusal(`The token expired${at(" at", error.payload.exp)}.`);
  if (error instanceof errors.JWSSignatureVerificationFailed) return refusal("The token's signature is wrong.");
  if (!(error instanceof errors.JWTClaimValidationFailed)) return refusal("The token's signature cannot be checked.");
  const { claim, reason, payload } = error;
  if (reason === "missing") return refusal(`The token lacks the claim \`${claim}\`.`);
  if (reason === "invalid") return refusal(`The token's claim \`${claim}\` is not a number.`);
  if (claim === "iss") return refusal(wrongIssuer);
  if (claim === "aud") return refusal("The token's `aud` does not have this service: it was made for another.");
  return refusal(`The token is not valid${at(" before", payload.nbf)} by the database's clock.`);
}

function at(word: string, seconds: number | undefined): string {
  if (seconds === undefined || Math.abs(seconds) > lastSecond) return "";
  return `${word} ${new Date(seconds * 1_000).toISOString()}`;
}

function refusal(detail: string): ServiceProblem {
  return new ServiceProblem("UNAUTHENTICATED", detail);
}
