import t, { type Test } from "tap";
import { eventually } from "../support/data-directory.ts";
import { audience, signingKey, type StaticIssuer, startIssuer, startStaticIssuer } from "../support/issuer.ts";
import { type Answer, type Service, setStage, spawnService, startService } from "../support/service.ts";

function ask(service: Service, token: string): Promise<Answer> {
  return service.call("GET", "/v1/approval-requests", { token });
}

function trust(t: Test, issuer: { readonly url: string }, more = {}) {
  return startService(t, { config: { oidcIssuer: issuer.url, oidcAudience: audience, ...more } });
}

const keyFetches = (issuer: StaticIssuer): number => issuer.requests.filter((path) => path === "/jwks").length;

t.test(
  "APR-8 keys are fetched once for many tokens, and an unknown kid has them fetched once in the cooldown",
  async (t) => {
    const issuer = await startStaticIssuer(t);
    const service = await trust(t, issuer, { oidcKeyCooldownMs: 3_600_000 });
    t.strictSame(issuer.requests, [], "not before the first token");
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => issuer.sign({ sub: `person-${n}` })));
    const answers = await Promise.all(tokens.map((token) => ask(service, token)));
    t.ok(answers.every(({ status }) => status === 200));
    t.strictSame(issuer.requests, ["/.well-known/openid-configuration", "/jwks"]);
    for (let n = 0; n < 20; n += 1) {
      const token = await issuer.sign({}, { kid: `unknown-${n}` });
      t.match(await ask(service, token), { status: 401, body: { detail: /no key with the token's `kid`/ } });
    }
    t.equal(keyFetches(issuer), 1, "a flood of unknown kids is no flood at the issuer");
  },
);

t.test("APR-8 a new key is found without a restart, and a key that the issuer took away is good no more", async (t) => {
  const issuer = await startIssuer(t);
  const service = await trust(t, issuer, { oidcKeyCooldownMs: 0 });
  const before = await issuer.clientToken();
  t.equal((await ask(service, before)).status, 200);
  await issuer.rotate();
  t.equal((await ask(service, before)).status, 200, "until the new keys are known");
  t.equal((await ask(service, await issuer.clientToken())).status, 200);
  t.match(await ask(service, before), { status: 401, body: { detail: /no key with the token's `kid`/ } });
});

t.test("APR-8 while the issuer is down its tokens are answered 503, and API tokens work; then both do", async (t) => {
  const issuer = await startIssuer(t);
  const token = await issuer.clientToken();
  issuer.down();
  const service = await spawnService(t, await setStage(t), {
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: audience,
    OIDC_KEY_COOLDOWN_MS: "0",
    TOKEN_CACHE_MS: "0",
    LOG_LEVEL: "silent",
  });
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(service, token)));
  for (const answer of [...answers, await ask(service, token)]) {
    t.match(answer, { status: 503, body: { code: "IDENTITY_PROVIDER_UNAVAILABLE" } });
    t.match(answer.headers.get("retry-after"), /^[1-9]\d*$/);
    t.equal(answer.headers.get("www-authenticate"), null);
  }
  t.equal((await service.call("GET", "/v1/approval-requests", { as: "auditor" })).status, 200);
  t.equal((await service.call("GET", "/readyz")).status, 200, "its readiness is not the issuer's");
  issuer.up();
  await eventually(async () => (await ask(service, token)).status === 200);

  issuer.down();
  t.equal((await ask(service, token)).status, 200, "keys that are known need no issuer");
  t.match(await ask(service, forged(token)), { status: 503 }, "a kid that is not known does");
  t.equal((await ask(service, token)).status, 200, "and does not spoil those that are");
});

/** The token with a kid that nobody has heard of. */
function forged(token: string): string {
  const [, payload = "", signature = ""] = token.split(".");
  const header = Buffer.from(JSON.stringify({ alg: "RS256", kid: "unheard-of" })).toString("base64url");
  return `${header}.${payload}.${signature}`;
}

t.test("APR-8 an issuer that answers with anything but its own documents is as good as down", async (t) => {
  const elsewhere = await startStaticIssuer(t);
  const issuer = await startStaticIssuer(t);
  const { url, documents, key } = issuer;
  const good = { issuer: url, jwks_uri: `${url}/jwks` };
  const wrong: readonly (readonly [what: string, discovery: unknown, keys?: unknown])[] = [
    ["the document of another issuer", { ...good, issuer: "https://other.test" }],
    ["an issuer with a slash more", { ...good, issuer: `${url}/` }],
    ["no issuer", { jwks_uri: good.jwks_uri }],
    ["no document", null],
    ["no address of keys", { issuer: url }],
    ["an address that is none", { issuer: url, jwks_uri: "/jwks" }],
    ["keys by http at another place", { issuer: url, jwks_uri: `${elsewhere.url}/jwks` }],
    ["keys in a file", { issuer: url, jwks_uri: "file:///etc/passwd" }],
    ["no keys", good, {}],
    ["a list of keys alone", good, [key.jwk]],
    ["a key that is no point of its curve", good, { keys: [{ ...key.jwk, x: key.jwk.y }] }],
  ];
  const stage = await setStage(t);
  for (const [what, discovery, keys] of wrong) {
    Object.assign(documents, { discovery, keys: keys ?? { keys: [key.jwk] } });
    const config = { oidcIssuer: url, oidcAudience: audience };
    const answer = await ask(await startService(t, { stage, config }), await issuer.sign({ sub: "mallory" }));
    t.match(answer, { status: 503, body: { code: "IDENTITY_PROVIDER_UNAVAILABLE" } }, what);
    t.notMatch(answer.text, /mallory|127\.0\.0\.1/, what);
  }
  t.strictSame(elsewhere.requests, [], "nobody else was asked");
});

t.test(
  "APR-8 a moved key set is found by the discovery document, and a failing issuer is left alone for a moment",
  async (t) => {
    const issuer = await startStaticIssuer(t);
    const service = await trust(t, issuer, { oidcKeyCooldownMs: 0 });
    t.equal((await ask(service, await issuer.sign())).status, 200);
    const next = await signingKey();
    issuer.documents.discovery = { issuer: issuer.url, jwks_uri: `${issuer.url}/moved` };
    issuer.documents.keys = { keys: [next.jwk] };
    t.equal((await ask(service, await issuer.sign({}, { kid: next.kid }, next.privateKey))).status, 200);
    t.ok(issuer.requests.includes("/moved"));

    issuer.documents.discovery = null;
    const unknown = await issuer.sign({}, { kid: "unknown" });
    const asked = issuer.requests.length;
    for (let n = 0; n < 20; n += 1) t.equal((await ask(service, unknown)).status, 503);
    t.ok(issuer.requests.length - asked <= 2, `asked ${issuer.requests.length - asked} times`);
    issuer.documents.discovery = { issuer: issuer.url, jwks_uri: `${issuer.url}/moved` };
    await eventually(async () => (await ask(service, unknown)).status === 401);
  },
);

t.test("APR-8 whoever is not known yet is counted by address, also while the issuer is down", async (t) => {
  const issuer = await startStaticIssuer(t);
  const service = await trust(t, issuer, { rateLimitMax: 5 });
  issuer.documents.discovery = null;
  const statuses: number[] = [];
  for (let n = 0; n < 8; n += 1) statuses.push((await ask(service, await issuer.sign())).status);
  t.strictSame(statuses, [503, 503, 503, 503, 503, 429, 429, 429]);
});
