import { createRemoteJWKSet, type CryptoKey, customFetch, errors, type FetchImplementation } from "jose";
import { ServiceProblem } from "../kernel/problems.ts";

/** How long the discovery document and the keys may take together. */
const timeoutMs = 5_000;
/** How long keys are used before they are fetched again: a key that the issuer took away is good no longer than this. */
const keysMaxAgeMs = 600_000;
/** After a failed fetch the issuer is left alone for this long; callers who need it are answered at once. */
const retryPauseMs = 1_000;

/**
 * The public keys of one issuer, found by its discovery document (OpenID Connect Discovery 1.0) when the first token asks
 * for one, and kept. An unknown key id has them fetched again, at most once in the cooldown; the document is read anew
 * with each fetch, so a moved key set is found too. Nothing in a token says where keys are.
 */
export class IssuerKeys {
  readonly #issuer: string;
  readonly #find: ReturnType<typeof createRemoteJWKSet>;
  #retryAt = 0;

  /** @param issuer https, or http on the machine itself: the configuration saw to it */
  constructor(issuer: string, cooldownMs: number) {
    this.#issuer = issuer;
    this.#find = createRemoteJWKSet(new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`), {
      timeoutDuration: timeoutMs,
      cacheMaxAge: keysMaxAgeMs,
      cooldownDuration: cooldownMs,
      [customFetch]: (document, options) => this.#fetch(document, options),
    });
  }

  /**
   * The one key of this id that is for this algorithm.
   * @throws ServiceProblem UNAUTHENTICATED where the issuer has none, IDENTITY_PROVIDER_UNAVAILABLE where it did not say
   */
  async find(alg: string, kid: string): Promise<CryptoKey> {
    try {
      return await this.#find({ alg, kid });
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) {
        throw new ServiceProblem("UNAUTHENTICATED", "The issuer has no key with the token's `kid` for its `alg`.");
      }
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        throw new ServiceProblem("UNAUTHENTICATED", "The issuer has several keys with the token's `kid`.");
      }
      // A failure within the pause does not make the pause longer: steady traffic would never try again.
      if (performance.now() >= this.#retryAt) this.#retryAt = performance.now() + retryPauseMs;
      throw new ServiceProblem(
        "IDENTITY_PROVIDER_UNAVAILABLE",
        "The keys of the token's issuer cannot be had, so the token can be neither taken nor refused. Nothing was changed.",
        { retryAfterSeconds: retryPauseMs / 1_000, cause: error },
      );
    }
  }

  /** The key set that the discovery document names, fetched in place of the document itself. */
  async #fetch(document: string, options: Parameters<FetchImplementation>[1]): Promise<Response> {
    if (performance.now() < this.#retryAt) throw new Error("the issuer failed a moment ago");
    return fetch(await this.#keysUrl(document, options), options);
  }

  async #keysUrl(document: string, options: Parameters<FetchImplementation>[1]): Promise<URL> {
    const answer = await fetch(document, options);
    if (answer.status !== 200) throw new Error(`the issuer's discovery document was answered ${answer.status}`);
    const found = (await answer.json()) as { readonly issuer?: unknown; readonly jwks_uri?: unknown } | null;
    if (found?.issuer !== this.#issuer) throw new Error("the discovery document is that of another issuer");
    const { jwks_uri: address } = found;
    if (typeof address !== "string" || !URL.canParse(address))
      throw new Error("the discovery document has no jwks_uri");
    const url = new URL(address);
    if (url.protocol !== "https:" && url.origin !== new URL(this.#issuer).origin) {
      throw new Error("the issuer's jwks_uri is neither https nor at the issuer itself");
    }
    return url;
  }
}
