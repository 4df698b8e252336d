import type { Config } from "./config.ts";
import type { Database } from "./database/index.ts";
import type { ServerKeys } from "./kernel/server-keys.ts";
import type { OidcIssuer } from "./principals/index.ts";
import { IssuerClient, makeSessions, type SessionServices } from "./sessions/index.ts";

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/;

/**
 * The sessions of people at browsers.
 * @param port that the service listens on, once it does
 */
export function browserSessions({
  config,
  database,
  keys,
  issuer,
  port,
}: {
  readonly config: Config;
  readonly database: Database;
  readonly keys: ServerKeys;
  readonly issuer: OidcIssuer | undefined;
  readonly port: () => number | undefined;
}): SessionServices {
  const { publicUrl, host } = config;
  const isLocal = loopback.test(host);
  return makeSessions({
    database,
    keys,
    limits: { seconds: config.sessionSeconds, idleSeconds: config.sessionIdleSeconds },
    // Wherever else it listens, whoever is in front of it speaks https, or PUBLIC_URL says what it is.
    secure: publicUrl === undefined ? !isLocal : publicUrl.startsWith("https:"),
    origin: publicUrl,
    callback: () => {
      const own = isLocal ? `http://${host.includes(":") ? `[${host}]` : host}:${port() ?? config.port}` : undefined;
      const base = publicUrl ?? own;
      return base === undefined ? undefined : `${base}/console/callback`;
    },
    issuer: issuerFor(config, issuer),
  });
}

function issuerFor(config: Config, principals: OidcIssuer | undefined) {
  const { oidcIssuer, oidcClientId, oidcClientSecret } = config;
  if (oidcIssuer === undefined || oidcClientId === undefined || principals === undefined) return undefined;
  const client = new IssuerClient({
    issuer: oidcIssuer,
    clientId: oidcClientId,
    clientSecret: oidcClientSecret,
    scope: config.oidcScope,
    algorithms: config.oidcAlgorithms,
  });
  return { client, principals };
}
