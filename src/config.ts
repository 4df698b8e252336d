import path from "node:path";
import {
  algorithms,
  integer,
  issuerUrl,
  oneOf,
  optionalText,
  optionalUrl,
  Refused,
  roleMap,
  secret,
  targets,
  text,
  type Variable,
  variable,
} from "./config-readers.ts";
import { type ClientConfig, clientConfig } from "./config-client.ts";
import { type LifecycleConfig, lifecycleVariables } from "./config-lifecycle.ts";
import { type LogConfig, logVariables } from "./config-log.ts";
import { type LoadConfig, loadVariables } from "./config-load.ts";
import { type RecoveryConfig, recoveryVariables } from "./config-recovery.ts";
import { type RunConfig, runVariables } from "./config-runs.ts";
import { type WebauthnConfig, webauthnVariables } from "./config-webauthn.ts";
import { type SessionConfig, sessionVariables } from "./config-session.ts";
import { type WebhookConfig, webhookVariables } from "./config-webhooks.ts";
import type { RoleMap } from "./principals/index.ts";

/** The configuration of one service process. Only this file reads the environment. */
export interface Config
  extends RunConfig,
    LifecycleConfig,
    LogConfig,
    LoadConfig,
    RecoveryConfig,
    WebauthnConfig,
    SessionConfig,
    WebhookConfig {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly databaseOwnerUrl: string | undefined;
  /** The target databases that are named beside the embedded one, which is called default (RUN-7). */
  readonly targets: Readonly<Record<string, string>>;
  readonly dataDir: string;
  readonly syncSecret: string | undefined;
  readonly serverKeys: string | undefined;
  readonly logLevel: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly bodyLimit: number;
  readonly rateLimitMax: number;
  readonly maxWaiting: number;
  readonly maxEventLoopDelayMs: number;
  readonly requestTimeoutMs: number;
  readonly metricsToken: string | undefined;
  readonly tokenCacheMs: number;
  /** As the issuer spells itself; undefined: no JWT is taken. */
  readonly oidcIssuer: string | undefined;
  readonly oidcAudience: string | undefined;
  readonly oidcAlgorithms: readonly string[];
  readonly oidcPrincipalClaim: string;
  readonly oidcRolesClaim: string;
  /** Undefined: a value that is the name of a role stands for that role. */
  readonly oidcRoleMap: RoleMap | undefined;
  readonly oidcKeyCooldownMs: number;
  readonly sweepIntervalMs: number;
  readonly shutdownGraceMs: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const visible = /^[\x21-\x7e]{1,200}$/;
const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

/** Every variable: its name, what it is for, and how it is read. The one schema of the configuration. */
export const variables: { readonly [Key in keyof Config]: Variable<Config[Key]> } = {
  host: variable(
    "HOST",
    "Address to listen on.",
    "127.0.0.1",
    text("127.0.0.1", /^[A-Za-z0-9.:_-]{1,253}$/, "a host name or address"),
  ),
  port: variable("PORT", "Port to listen on; 0 picks a free one.", "8080", integer(8080, 0, 65_535)),
  databaseUrl: variable(
    "DATABASE_URL",
    "Control database, as the role that the service works with. Unset: an embedded PostgreSQL under DATA_DIR.",
    "postgres://countersign_app:secret@db.internal:5432/countersign",
    optionalUrl,
  ),
  databaseOwnerUrl: variable(
    "DATABASE_OWNER_URL",
    "The same database as the role that owns the tables, for migrations. Unset: DATABASE_URL migrates, and every transaction steps down to countersign_app.",
    "postgres://countersign_owner:secret@db.internal:5432/countersign",
    optionalUrl,
  ),
  targets: variable(
    "TARGETS",
    "Target databases: JSON object from name to URL, as a role that owns nothing in the control database. With the embedded database `default` is there.",
    '{"default":"postgres://countersign_target:secret@db.internal:5432/target"}',
    targets,
  ),
  dataDir: variable(
    "DATA_DIR",
    "Where the embedded database, its credentials and generated secrets are kept.",
    ".data",
    (value) => path.resolve(text(".data", /^[^\0]+$/, "a path")(value)),
  ),
  syncSecret: variable(
    "SYNC_SECRET",
    "Key of the dispatcher's signature: at least 24 characters, or base64 after whsec_. Unset: generated once under DATA_DIR.",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    secret(
      /^(?:whsec_[A-Za-z0-9+/]{32,}={0,2}|(?!whsec_)\S.{22,}\S)$/,
      "at least 24 characters, or base64 of at least 24 bytes after whsec_",
    ),
  ),
  serverKeys: variable(
    "SERVER_KEYS",
    "Keys for API and lease tokens, comma-separated id:base64 of 32 bytes; the first signs, all verify. The same for every service on one database. Unset: generated once under DATA_DIR.",
    "k1:bG9uZy1yYW5kb20tdmFsdWUtb2YtMzItYnl0ZXMhISE=",
    secret(
      /^[a-z0-9]{1,16}:[A-Za-z0-9+/]{43}=(?:,[a-z0-9]{1,16}:[A-Za-z0-9+/]{43}=)*$/,
      "a list of id:base64 with 32 bytes each",
    ),
  ),
  logLevel: variable("LOG_LEVEL", `One of ${logLevels.join(", ")}.`, "info", oneOf("info", logLevels)),
  poolSize: variable("POOL_SIZE", "Database connections of this process.", "10", integer(10, 2, 500)),
  statementTimeoutMs: variable(
    "STATEMENT_TIMEOUT_MS",
    "Longest a statement may run.",
    "5000",
    integer(5_000, 100, 600_000),
  ),
  lockTimeoutMs: variable(
    "LOCK_TIMEOUT_MS",
    "Longest a statement may wait for a lock.",
    "3000",
    integer(3_000, 100, 600_000),
  ),
  bodyLimit: variable("BODY_LIMIT", "Bytes that a body may have.", "262144", integer(262_144, 1_024, 262_144)),
  rateLimitMax: variable(
    "RATE_LIMIT_MAX",
    "Requests a minute a principal, in this process.",
    "100000",
    integer(100_000, 1, 1_000_000_000),
  ),
  maxWaiting: variable(
    "MAX_WAITING",
    "Requests that may wait for a database connection; more are answered 503.",
    "2000",
    integer(2_000, 1, 100_000),
  ),
  maxEventLoopDelayMs: variable(
    "MAX_EVENT_LOOP_DELAY_MS",
    "Delay of the event loop past which requests are answered 503; 0 never.",
    "1500",
    integer(1_500, 0, 60_000),
  ),
  requestTimeoutMs: variable(
    "REQUEST_TIMEOUT_MS",
    "Longest a request may take from its last byte to its answer.",
    "20000",
    integer(20_000, 1_000, 600_000),
  ),
  metricsToken: variable(
    "METRICS_TOKEN",
    "Bearer token that /metrics asks for. Unset: open.",
    "a-long-random-value-of-your-own",
    secret(/^[\x21-\x7e]{24,}$/, "at least 24 visible ASCII characters"),
  ),
  tokenCacheMs: variable(
    "TOKEN_CACHE_MS",
    "How long an identity is remembered: a revoked token is refused at the latest after this.",
    "1000",
    integer(1_000, 0, 60_000),
  ),
  oidcIssuer: variable(
    "OIDC_ISSUER",
    "Issuer whose JWTs are taken beside API tokens, spelled as in their `iss`. Unset: none are.",
    "https://login.example.com/realms/main",
    issuerUrl,
  ),
  oidcAudience: variable(
    "OIDC_AUDIENCE",
    "What the `aud` of those JWTs must have: the name of this service at the issuer.",
    "https://countersign.example.com",
    optionalText(visible, "1 to 200 visible ASCII characters"),
  ),
  oidcAlgorithms: variable(
    "OIDC_ALGORITHMS",
    "Signature algorithms that those JWTs may have, comma-separated. Only asymmetric ones.",
    "RS256,PS256,ES256,EdDSA",
    algorithms("RS256", "PS256", "ES256", "EdDSA"),
  ),
  oidcPrincipalClaim: variable(
    "OIDC_PRINCIPAL_CLAIM",
    "Claim that names the principal; one that the issuer never gives to another person.",
    "sub",
    text("sub", visible, "the name of a claim"),
  ),
  oidcRolesClaim: variable(
    "OIDC_ROLES_CLAIM",
    "Claim with the roles, a list of strings or one string with spaces between them; a dot leads into an object, as in realm_access.roles.",
    "roles",
    text("roles", visible, "the name of a claim"),
  ),
  oidcRoleMap: variable(
    "OIDC_ROLE_MAP",
    "JSON object from values of that claim to lists of roles; other values give none. Unset: a value that is the name of a role gives that role.",
    '{"change-approvers":["approver"],"change-board":["approver","council"]}',
    roleMap,
  ),
  oidcKeyCooldownMs: variable(
    "OIDC_KEY_COOLDOWN_MS",
    "How soon after fetching the issuer's keys a JWT with an unknown key id may have them fetched again.",
    "10000",
    integer(10_000, 0, 3_600_000),
  ),
  sweepIntervalMs: variable(
    "SWEEP_INTERVAL_MS",
    "How often expired grants and requests are marked.",
    "5000",
    integer(5_000, 100, 3_600_000),
  ),
  shutdownGraceMs: variable(
    "SHUTDOWN_GRACE_MS",
    "How long open requests may take to finish after SIGTERM.",
    "10000",
    integer(10_000, 100, 600_000),
  ),
  ...runVariables,
  ...loadVariables,
  ...logVariables,
  ...recoveryVariables,
  ...sessionVariables,
  ...webauthnVariables,
  ...webhookVariables,
  ...lifecycleVariables,
};

/** What the first cannot do without the second. */
const inseparable = [
  ["DATABASE_OWNER_URL", "DATABASE_URL"],
  ["OIDC_ISSUER", "OIDC_AUDIENCE"],
  ["OIDC_AUDIENCE", "OIDC_ISSUER"],
  ["OIDC_CLIENT_ID", "OIDC_ISSUER"],
  ["OIDC_CLIENT_SECRET", "OIDC_CLIENT_ID"],
] as const;

export class ConfigurationError extends Error {
  /** One line for each refused variable. */
  readonly refusals: readonly string[];
  constructor(refusals: readonly string[]) {
    super(`configuration refused:\n${refusals.map((line) => `  ${line}`).join("\n")}`);
    this.refusals = refusals;
  }
}

/**
 * Reads the configuration. An empty variable counts as unset.
 * @throws ConfigurationError naming every bad variable; a secret's value is never repeated
 */
export function readConfig(environment: Environment = process.env): Config {
  const values: Record<string, unknown> = {};
  const refusals: string[] = [];
  for (const [key, { name, read }] of Object.entries(variables)) {
    const raw = environment[name];
    try {
      values[key] = read(raw === "" ? undefined : raw);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusals.push(`${name} ${error.message}`);
    }
  }
  for (const [name, other] of inseparable) {
    if (environment[name] && !environment[other]) refusals.push(`${name} needs ${other} beside it`);
  }
  if (refusals.length > 0) throw new ConfigurationError(refusals);
  return values as unknown as Config;
}

/** What a program that the service runs finds in its environment: where programs are, and none of the service's secrets. */
export function programEnvironment(environment: Environment = process.env): Readonly<Record<string, string>> {
  const named = ["PATH", "HOME", "LANG"].map((name) => [name, environment[name]] as const);
  return Object.fromEntries(named.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

/** What a command of the CLI takes from the environment. An empty variable counts as unset. */
export function readClientConfig(environment: Environment = process.env): ClientConfig {
  return clientConfig(environment, variables.dataDir.read(environment["DATA_DIR"] || undefined));
}
