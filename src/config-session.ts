import { integer, issuerUrl, optionalText, Refused, secret, text, type Variable, variable } from "./config-readers.ts";

/** Sessions of people at browsers, and how they sign in. */
export interface SessionConfig {
  /** The origin that browsers know the service by. */
  readonly publicUrl: string | undefined;
  readonly sessionSeconds: number;
  readonly sessionIdleSeconds: number;
  readonly oidcClientId: string | undefined;
  readonly oidcClientSecret: string | undefined;
  readonly oidcScope: string;
}

const visible = /^[\x21-\x7e]{1,200}$/;

export const sessionVariables: { readonly [Key in keyof SessionConfig]: Variable<SessionConfig[Key]> } = {
  publicUrl: variable(
    "PUBLIC_URL",
    "Where people's browsers reach the service: scheme, host and port. https, or http on localhost. Unset: where it listens, on this machine.",
    "https://countersign.example.com",
    origin,
  ),
  sessionSeconds: variable(
    "SESSION_SECONDS",
    "How long a person who has signed in at a browser stays signed in, whatever they do.",
    "28800",
    integer(28_800, 60, 604_800),
  ),
  sessionIdleSeconds: variable(
    "SESSION_IDLE_SECONDS",
    "How long they stay signed in if nothing is asked for; up to a thirtieth less.",
    "900",
    integer(900, 30, 604_800),
  ),
  oidcClientId: variable(
    "OIDC_CLIENT_ID",
    "This service's name as a client at OIDC_ISSUER: people sign in to the console there, by the code flow. Unset: by API token alone.",
    "countersign-console",
    optionalText(visible, "1 to 200 visible ASCII characters"),
  ),
  oidcClientSecret: variable(
    "OIDC_CLIENT_SECRET",
    "The client's secret at the issuer. Unset: a public client, which PKCE alone protects.",
    "a-secret-that-the-issuer-gave-out",
    secret(/^[\x20-\x7e]{8,400}$/, "8 to 400 printable ASCII characters"),
  ),
  oidcScope: variable(
    "OIDC_SCOPE",
    "What is asked for in that sign-in: openid, and whatever brings the roles claim into the ID token.",
    "openid roles",
    text(
      "openid",
      /^(?=(?:.* )?openid(?: .*)?$)[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      "scopes with spaces between them, openid among them",
    ),
  ),
};

/** Cookies and the issuer's answer belong to an origin: a path would be none of it. */
function origin(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = new URL(issuerUrl(value) ?? "");
  if (url.pathname !== "/") throw new Refused("must be scheme, host and port alone, without a path");
  return url.origin;
}
