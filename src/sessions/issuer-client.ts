import { decodeProtectedHeader } from "jose";
import * as oidc from "openid-client";
import { ServiceProblem } from "../kernel/problems.ts";
import type { IssuerSignIn } from "./schemas.ts";
import type { SignInStart } from "./sign-in.ts";

export interface IssuerClientSettings {
  /** Compared as text with `iss` and with the discovery document. */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client, which PKCE alone protects. */
  readonly clientSecret: string | undefined;
  /** What is asked for; `openid` is in it. */
  readonly scope: string;
  /** Algorithms that the ID token's signature may have: asymmetric ones. */
  readonly algorithms: readonly string[];
}

const timeoutSeconds = 5;
const documentMaxAgeMs = 600_000;
const clockToleranceSeconds = 5;
/** After a failure the issuer is left alone for this long; people who sign in are answered at once. */
const retryPauseMs = 1_000;

/** This service as a client of the issuer: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 9700). */
export class IssuerClient {
  readonly issuer: string;
  readonly #settings: IssuerClientSettings;
  #known: { readonly at: number; readonly configuration: Promise<oidc.Configuration> } | undefined;
  #retryAt = 0;

  constructor(settings: IssuerClientSettings) {
    this.issuer = settings.issuer;
    this.#settings = settings;
  }

  /** Finds the issuer's endpoints, or knows them still. @throws ServiceProblem IDENTITY_PROVIDER_UNAVAILABLE */
  async configuration(): Promise<oidc.Configuration> {
    const now = performance.now();
    if (now < this.#retryAt) throw unavailable(new Error("the issuer failed a moment ago"));
    if (this.#known === undefined || now - this.#known.at > documentMaxAgeMs) {
      this.#known = { at: now, configuration: this.#discover() };
    }
    try {
      return await this.#known.configuration;
    } catch (error) {
      this.#known = undefined;
      this.#retryAt = performance.now() + retryPauseMs;
      throw unavailable(error);
    }
  }

  authorizationUrl(configuration: oidc.Configuration, redirectUri: string, start: SignInStart): string {
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: this.#settings.scope,
      state: start.state,
      nonce: start.nonce,
      code_challenge: start.codeChallenge,
      code_challenge_method: "S256",
    });
    return url.href;
  }

  /**
   * The claims of the ID token for this code: signature, issuer, audience, times and nonce are good.
   * @throws ServiceProblem UNAUTHENTICATED, IDENTITY_PROVIDER_UNAVAILABLE
   */
  async claimsFor(
    answer: IssuerSignIn,
    redirectUri: string,
    expected: { readonly verifier: string; readonly nonce: string },
  ): Promise<Readonly<Record<string, unknown>>> {
    const configuration = await this.configuration();
    // There is but one issuer here: an answer that does not say which is that one's (RFC 9207).
    const { code, state, iss = this.issuer } = answer;
    const returned = new URL(`${redirectUri}?${new URLSearchParams({ code, state, iss }).toString()}`);
    try {
      const tokens = await oidc.authorizationCodeGrant(configuration, returned, {
        pkceCodeVerifier: expected.verifier,
        expectedNonce: expected.nonce,
        expectedState: state,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      const { alg = "" } = decodeProtectedHeader(tokens.id_token ?? "");
      if (claims === undefined || !this.#settings.algorithms.includes(alg)) throw refusal();
      if (claims.iss !== this.issuer) throw refusal();
      return claims;
    } catch (error) {
      throw explained(error);
    }
  }

  async #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#settings;
    const configuration = await oidc.discovery(
      new URL(issuer),
      clientId,
      { [oidc.clockTolerance]: clockToleranceSeconds },
      authenticationOf(clientSecret),
      {
        timeout: timeoutSeconds,
        execute: [
          // The ID token's signature is checked though it comes from the issuer itself.
          oidc.enableNonRepudiationChecks,
          // oxlint-disable-next-line typescript/no-deprecated -- the configuration takes http on this machine alone
          ...(issuer.startsWith("http:") ? [oidc.allowInsecureRequests] : []),
        ],
      },
    );
    if (configuration.serverMetadata().issuer !== issuer) throw new Error("the discovery document is another issuer's");
    return configuration;
  }
}

/** As the issuer says that it takes secrets; where it says nothing, the way that OpenID Connect has for the default. */
function authenticationOf(secret: string | undefined): oidc.ClientAuth {
  if (secret === undefined) return oidc.None();
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const chosen = methods.includes("client_secret_basic") ? basic : post;
    return chosen(server, client, body, headers);
  };
}

/** What the issuer refused is refused; that it could not be asked, or answered nonsense, is no fault of whoever signs in. */
function explained(error: unknown): ServiceProblem {
  if (error instanceof ServiceProblem) return error;
  if (error instanceof oidc.ResponseBodyError && error.error !== "invalid_grant") return unavailable(error);
  if (error instanceof oidc.ResponseBodyError || error instanceof oidc.AuthorizationResponseError)
    return refusal(error);
  const { code = "" } = error as { readonly code?: unknown };
  return refusals.has(String(code)) ? refusal(error) : unavailable(error);
}

/** What is wrong with the ID token, or with what came back by the browser; the rest is between the issuer and us. */
const refusals: ReadonlySet<string> = new Set([
  "OAUTH_INVALID_RESPONSE",
  "OAUTH_JWT_CLAIM_COMPARISON_FAILED",
  "OAUTH_JWT_TIMESTAMP_CHECK_FAILED",
]);

function refusal(cause?: unknown): ServiceProblem {
  const detail =
    "The issuer did not vouch for this sign-in: its code or its ID token is not good. Begin the sign-in again.";
  return new ServiceProblem("UNAUTHENTICATED", detail, { cause });
}

function unavailable(cause: unknown): ServiceProblem {
  const detail = "The issuer cannot be asked, so nobody can be signed in by it just now. Nothing was changed.";
  return new ServiceProblem("IDENTITY_PROVIDER_UNAVAILABLE", detail, {
    retryAfterSeconds: retryPauseMs / 1_000,
    cause,
  });
}
