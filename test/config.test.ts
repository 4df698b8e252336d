import t from "tap";
import { ConfigurationError, type Config, readConfig, variables } from "../src/config.ts";

const secretText = "do-not-repeat-me";
/** A good value and what it is read as, and bad ones, for each variable. */
const cases: { readonly [Key in keyof Config]: { good: [string, unknown]; bad: readonly string[] } } = {
  host: { good: ["0.0.0.0", "0.0.0.0"], bad: ["a b", "http://x/"] },
  port: { good: ["0", 0], bad: ["-1", "65536", "80.5", "eighty", " 80"] },
  databaseUrl: { good: ["postgres://a:b@c/d", "postgres://a:b@c/d"], bad: [`mysql://u:${secretText}@h/d`, secretText] },
  databaseOwnerUrl: { good: ["postgresql://a@c/d", "postgresql://a@c/d"], bad: [`http://u:${secretText}@h/d`] },
  targets: {
    good: [
      '{"default":"postgres://a@b/c","spare-2":"postgresql://d"}',
      { default: "postgres://a@b/c", "spare-2": "postgresql://d" },
    ],
    bad: [
      secretText,
      "[]",
      `{"Default":"postgres://a:${secretText}@b/c"}`,
      `{"a":"mysql://a:${secretText}@b/c"}`,
      '{"a":1}',
      '{"a":"postgres://a","a":"postgres://b"}',
    ],
  },
  dataDir: { good: ["/var/lib/countersign", "/var/lib/countersign"], bad: ["a\0b"] },
  syncSecret: { good: ["x".repeat(24), "x".repeat(24)], bad: [secretText, `whsec_${secretText}`, " ".repeat(30)] },
  serverKeys: {
    good: [`k1:${"A".repeat(43)}=`, `k1:${"A".repeat(43)}=`],
    bad: [secretText, `k1:${secretText}=`, `K1:${"A".repeat(43)}=`, `k1:${"A".repeat(43)}=,`],
  },
  logLevel: { good: ["debug", "debug"], bad: ["loud"] },
  poolSize: { good: ["2", 2], bad: ["1", "501"] },
  statementTimeoutMs: { good: ["100", 100], bad: ["99"] },
  lockTimeoutMs: { good: ["100", 100], bad: ["99"] },
  bodyLimit: { good: ["1024", 1_024], bad: ["1023", "262145"] },
  rateLimitMax: { good: ["1", 1], bad: ["0"] },
  maxWaiting: { good: ["1", 1], bad: ["0"] },
  maxEventLoopDelayMs: { good: ["0", 0], bad: ["60001"] },
  requestTimeoutMs: { good: ["1000", 1_000], bad: ["999"] },
  metricsToken: { good: ["t".repeat(24), "t".repeat(24)], bad: [secretText] },
  tokenCacheMs: { good: ["0", 0], bad: ["60001"] },
  oidcIssuer: {
    good: ["https://login.example.com/realms/main/", "https://login.example.com/realms/main/"],
    bad: [
      "http://login.example.com",
      "http://127.0.0.1.example.com",
      "https://login.example.com/?realm=main",
      "https://login.example.com/#main",
      "https://user:password@login.example.com",
      "login.example.com",
      "https:login.example.com",
      "ftp://localhost",
    ],
  },
  oidcAudience: { good: ["api://countersign", "api://countersign"], bad: ["two words", "a".repeat(201)] },
  oidcAlgorithms: {
    good: ["ES256,EdDSA,ES256", ["ES256", "EdDSA"]],
    bad: ["none", "HS256", "RS256,HS512", "RS256,", "rs256", "RS256, ES256", "toString"],
  },
  oidcPrincipalClaim: { good: ["preferred_username", "preferred_username"], bad: ["user name"] },
  oidcRolesClaim: { good: ["realm_access.roles", "realm_access.roles"], bad: ["user roles"] },
  oidcRoleMap: {
    good: [
      '{"board":["approver","council"],"nobody":[]}',
      new Map([
        ["board", ["approver", "council"]],
        ["nobody", []],
      ]),
    ],
    bad: [
      '{"board":["president"]}',
      '{"board":"council"}',
      '{"board":["council",null]}',
      '{"board":["approver"],"board":["council"]}',
      '["council"]',
      "null",
      "{",
    ],
  },
  oidcKeyCooldownMs: { good: ["0", 0], bad: ["3600001"] },
  sweepIntervalMs: { good: ["100", 100], bad: ["99", "1e3"] },
  shutdownGraceMs: { good: ["100", 100], bad: ["99"] },
  runLeaseSeconds: { good: ["1", 1], bad: ["0", "3601"] },
  runRetrySeconds: { good: ["0", 0], bad: ["3601"] },
  runPollMs: { good: ["10", 10], bad: ["9"] },
  runConcurrency: { good: ["0", 0], bad: ["257"] },
  backupDir: { good: ["/var/backups", "/var/backups"], bad: ["a\0b"] },
  pgDump: { good: ["/usr/bin/pg_dump", "/usr/bin/pg_dump"], bad: ["a\0b"] },
  pgDumpTimeoutMs: { good: ["5000", 5000], bad: ["0"] },
  maxInFlight: { good: ["64", 64], bad: ["63", "1e3"] },
  maxQueueMs: { good: ["0", 0], bad: ["60001"] },
  webauthnOrigins: {
    good: [
      '["https://a.example:8443","https://a.example","https://a.example"]',
      ["https://a.example:8443", "https://a.example"],
    ],
    bad: [
      "https://a.example",
      "[]",
      "[7]",
      '["https://a.example/"]',
      '["https://a.example:443"]',
      '["http://a.example"]',
      '["https://127.0.0.1"]',
      '["https://[::1]"]',
      '["https://A.example"]',
      '["https://user@a.example"]',
      '["https://a.example","https://b.a.example"]',
      '["wss://a.example"]',
    ],
  },
  failover: { good: ["continue", "continue"], bad: ["stop", "HOLD"] },
  logKey: {
    good: [
      `log.example/a:${Buffer.alloc(32).toString("base64")}`,
      `log.example/a:${Buffer.alloc(32).toString("base64")}`,
    ],
    bad: [
      "",
      "log.example/a",
      `two words:${Buffer.alloc(32).toString("base64")}`,
      `a:${Buffer.alloc(31).toString("base64")}`,
    ].slice(1),
  },
  sealIntervalMs: { good: ["250", 250], bad: ["-1", "60001", "soon"] },
  witnessFile: { good: ["/var/lib/heads.txt", "/var/lib/heads.txt"], bad: ["a\0b"] },
  witnesses: {
    good: [
      '{"w.example+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k":"https://w.example/"}',
      [{ vkey: "w.example+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", url: "https://w.example/" }],
    ],
    bad: [
      "{",
      "[]",
      '"x"',
      '{"w.example":"https://w.example"}',
      '{"w.example+530d903a+AekyeRrm":"file:///etc/passwd"}',
      '{"w.example+530d903a+AekyeRrm":7}',
    ],
  },
  cosignatures: { good: ["2", 2], bad: ["-1", "17"] },
  logReaders: { good: ["everyone", "everyone"], bad: ["nobody"] },
  publicUrl: {
    good: ["https://countersign.example.com/", "https://countersign.example.com"],
    bad: [
      "http://countersign.example.com",
      "https://example.com/countersign",
      "https://example.com/?a=b",
      "https://user:password@example.com",
      "countersign.example.com",
    ],
  },
  sessionSeconds: { good: ["60", 60], bad: ["59", "604801"] },
  sessionIdleSeconds: { good: ["30", 30], bad: ["29", "604801"] },
  oidcClientId: { good: ["countersign", "countersign"], bad: ["two words"] },
  oidcClientSecret: { good: ["s".repeat(8), "s".repeat(8)], bad: ["secret", "secret\twith a tab"] },
  oidcScope: { good: ["profile openid", "profile openid"], bad: ["profile", "openidx", "openid  roles", 'open"id'] },
  webhookPollMs: { good: ["0", 0], bad: ["-1", "60001"] },
  webhookConcurrency: { good: ["1", 1], bad: ["0", "257"] },
  webhookEndpointConcurrency: { good: ["256", 256], bad: ["0", "257"] },
  webhookTimeoutMs: { good: ["100", 100], bad: ["99", "60001"] },
  webhookAttempts: { good: ["1", 1], bad: ["0", "101"] },
  webhookRetrySeconds: { good: ["3600", 3_600], bad: ["0", "3601", "0.5"] },
  webhookAnswerBytes: { good: ["0", 0], bad: ["1048577"] },
  webhookOverlapSeconds: { good: ["0", 0], bad: ["2592001"] },
  webhookKeepDays: { good: ["1", 1], bad: ["0", "3651"] },
  webhookAllowNetworks: {
    good: ["10.20.0.0/16,fd00:20::/64,::1/128", ["10.20.0.0/16", "fd00:20::/64", "::1/128"]],
    bad: ["10.20.0.0", "10.20.0.0/33", "localhost/8", "10.20.0.0/16,", "fd00::/129", "10.20.0.0/8/8", "10.0.0.0/-1"],
  },
  webhookAllowHttp: { good: ["private", "private"], bad: ["true", "always"] },
  lifecycleWatchSeconds: { good: ["0", 0], bad: ["-1", "86401", "1.5"] },
};
const entries = Object.entries(cases) as [keyof Config, (typeof cases)[keyof Config]][];
const neighbours: Readonly<Record<string, Record<string, string>>> = {
  DATABASE_OWNER_URL: { DATABASE_URL: "postgres://app@h/d" },
  OIDC_ISSUER: { OIDC_AUDIENCE: "countersign" },
  OIDC_AUDIENCE: { OIDC_ISSUER: "https://login.example.com" },
  OIDC_CLIENT_ID: { OIDC_ISSUER: "https://login.example.com", OIDC_AUDIENCE: "countersign" },
  OIDC_CLIENT_SECRET: {
    OIDC_ISSUER: "https://login.example.com",
    OIDC_AUDIENCE: "countersign",
    OIDC_CLIENT_ID: "countersign-console",
  },
};
/** What a variable needs beside it. */
const beside = (name: string): Record<string, string> => neighbours[name] ?? {};

t.test("operations: an empty environment is a good one, and an empty variable counts as unset", (t) => {
  const unset = readConfig({});
  const empty = readConfig(Object.fromEntries(Object.values(variables).map(({ name }) => [name, ""])));
  t.same(empty, unset);
  t.match(unset, { host: "127.0.0.1", port: 8_080, databaseUrl: undefined, syncSecret: undefined });
  t.end();
});

for (const [key, { good, bad }] of entries) {
  const { name, example } = variables[key];
  t.test(`operations: ${name} is read, and what it cannot be is refused by name`, (t) => {
    t.strictSame(readConfig({ ...beside(name), [name]: good[0] })[key], good[1]);
    t.doesNotThrow(() => readConfig({ ...beside(name), [name]: example }), "its own example is good");
    for (const value of bad) {
      const refusals = refusalsOf({ ...beside(name), [name]: value });
      t.equal(refusals.length, 1, value);
      t.ok(refusals[0]?.startsWith(`${name} `), refusals.join());
    }
    t.end();
  });
}

t.test("operations: all bad variables are named at once, and no secret is repeated", (t) => {
  const environment = Object.fromEntries(entries.map(([key, { bad }]) => [variables[key].name, bad[0] ?? ""]));
  const refusals = refusalsOf(environment);
  for (const [key] of entries) {
    const { name } = variables[key];
    t.ok(
      refusals.some((line) => line.startsWith(`${name} `)),
      name,
    );
  }
  t.notMatch(refusals.join("\n"), secretText);
  t.end();
});

t.test("operations: an owner's URL alone is refused, since nothing says where the service works", (t) => {
  t.match(refusalsOf({ DATABASE_OWNER_URL: "postgres://owner@h/d" }), [/DATABASE_OWNER_URL needs DATABASE_URL/]);
  t.end();
});

t.test(
  "APR-8 an issuer without an audience would take every token of it, and an audience alone none: both are refused",
  (t) => {
    t.strictSame(refusalsOf({ OIDC_ISSUER: "https://login.example.com" }), [
      "OIDC_ISSUER needs OIDC_AUDIENCE beside it",
    ]);
    t.strictSame(refusalsOf({ OIDC_AUDIENCE: "countersign" }), ["OIDC_AUDIENCE needs OIDC_ISSUER beside it"]);
    t.end();
  },
);

t.test("APR-8 an algorithm with a shared secret, or none, is refused with the reason", (t) => {
  for (const name of ["none", "HS256", "hs384"]) {
    t.match(refusalsOf({ OIDC_ALGORITHMS: `RS256,${name}` }), [/signed with a private key of the issuer/]);
  }
  t.match(refusalsOf({ OIDC_ROLE_MAP: '{"board":["president"]}' }), [/no such role as "president" for "board"/]);
  t.end();
});

t.test("APR-8 an issuer on the machine itself may be http, for trying it out", (t) => {
  for (const host of ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"]) {
    const issuer = `http://${host}/realms/main`;
    t.equal(readConfig({ OIDC_ISSUER: issuer, OIDC_AUDIENCE: "a" }).oidcIssuer, issuer);
  }
  t.end();
});

function refusalsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.refusals;
    throw error;
  }
  return [];
}
