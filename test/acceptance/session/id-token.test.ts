import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import t, { type Test } from "tap";
import { CookieJar } from "../../support/cookies.ts";
import { expectStatus } from "../../support/flow.ts";
import { audience, inSeconds, signingKey, startStaticIssuer } from "../../support/issuer.ts";
import { startService } from "../../support/service.ts";

const client = "countersign-console";

interface Asked {
  readonly body: URLSearchParams;
  readonly authorization: string | undefined;
}

/** An issuer whose token endpoint says what a test wants it to say. */
async function startScripted(t: Test) {
  const issuer = await startStaticIssuer(t);
  const asked: Asked[] = [];
  const on = { answer: async (): Promise<{ status: number; body: unknown }> => ({ status: 500, body: {} }) };
  const respond = async (request: IncomingMessage) => {
    const body = new URLSearchParams(await text(request));
    asked.push({ body, authorization: request.headers.authorization });
    return on.answer();
  };
  const endpoint = createServer((request, response) => {
    respond(request).then(
      ({ status, body }) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  endpoint.listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  t.teardown(async () => {
    endpoint.closeAllConnections();
    endpoint.close();
    await once(endpoint, "close");
  });
  const at = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
  Object.assign(issuer.documents.discovery as object, {
    authorization_endpoint: `${issuer.url}/auth`,
    token_endpoint: `${at}/token`,
    id_token_signing_alg_values_supported: ["ES256"],
  });
  return { issuer, asked, on };
}

async function scene(t: Test) {
  const scripted = await startScripted(t);
  const { issuer } = scripted;
  const service = await startService(t, {
    targets: {},
    config: { oidcIssuer: issuer.url, oidcAudience: audience, oidcClientId: client },
  });
  /** What becomes of a sign-in whose ID token has these claims in place of good ones. */
  const attempt = async (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    change: (token: string) => unknown = (token) => ({ access_token: "a", token_type: "Bearer", id_token: token }),
    key = issuer.key,
  ) => {
    const browser = new CookieJar(service);
    const begun = await expectStatus(browser.call("POST", "/v1/session/oidc", { body: {} }), 201);
    const { searchParams } = new URL(String(begun.body["authorization_url"]));
    const nonce = searchParams.get("nonce");
    const good = { aud: client, nonce, roles: ["approver"], ...claims };
    const token = await issuer.sign(good, { typ: "JWT", alg: key.jwk.alg, kid: key.kid, ...header }, key.privateKey);
    scripted.on.answer = async () => ({ status: 200, body: change(token) });
    return browser.call("POST", "/v1/session", { body: { code: "c", state: searchParams.get("state") } });
  };
  return { ...scripted, service, attempt };
}

t.test("APR-8 an ID token signs in only if issuer, audience, times, nonce and signature are good", async (t) => {
  const { attempt, service } = await scene(t);
  t.match(await attempt(), { status: 201, body: { principal: "ada", roles: ["approver"] } });
  const other = await signingKey("ES256");
  const elsewhere: readonly [string, Record<string, unknown>][] = [
    ["another audience", { aud: "another-client" }],
    ["this service's API as the audience", { aud: audience }],
    ["more audiences and no azp", { aud: [client, "another-client"] }],
    ["an azp that is not us", { aud: [client, "another-client"], azp: "another-client" }],
    ["another issuer", { iss: "https://elsewhere.example" }],
    ["no issuer", { iss: undefined }],
    ["expired", { exp: inSeconds(-60) }],
    ["not yet", { nbf: inSeconds(600) }],
    ["no exp", { exp: undefined }],
    ["no sub", { sub: undefined }],
    ["no nonce", { nonce: undefined }],
    ["another nonce", { nonce: "another" }],
  ];
  for (const [title, claims] of elsewhere)
    t.match(await attempt(claims), { status: 401, body: { code: "UNAUTHENTICATED" } }, title);
  const bearer = (id_token: unknown) => ({ access_token: "a", token_type: "Bearer", id_token });
  const flipped = (token: string) => bearer(`${token.slice(0, -6)}${token.endsWith("AAAAAA") ? "BBBBBB" : "AAAAAA"}`);
  const answers = [
    await attempt({}, {}, flipped),
    await attempt({}, {}, () => ({ access_token: "a", token_type: "Bearer" })),
    await attempt({}, {}, (token) =>
      bearer(`${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.`),
    ),
    await attempt({}, { kid: other.kid }, undefined, { ...other, kid: other.kid }),
  ];
  for (const answer of answers) {
    t.ok([401, 503].includes(answer.status), `${answer.status} ${answer.text}`);
    t.notOk(answer.headers.get("set-cookie"));
  }
  t.match(await attempt({ sub: "service:sweeper" }), { status: 401, body: { detail: /reserved/ } });
  const { rows } = await service.stage.database.transact((tx) => tx.query("SELECT principal FROM sessions"));
  t.same(rows, [{ principal: "ada" }], "the good one is the only one");
});

t.test(
  "APR-8 the code goes to the token endpoint with the PKCE verifier, and with no secret where there is none",
  async (t) => {
    const { attempt, asked } = await scene(t);
    await attempt();
    t.equal(asked.length, 1);
    const { body, authorization } = asked[0] as Asked;
    t.match(Object.fromEntries(body), {
      grant_type: "authorization_code",
      code: "c",
      client_id: client,
      code_verifier: /^[\w-]{43}$/,
      redirect_uri: /\/console\/callback$/,
    });
    t.notOk(body.has("client_secret"));
    t.equal(authorization, undefined);
  },
);

t.test("operations: an issuer that answers nonsense is down, and nobody's credentials are at fault", async (t) => {
  const { attempt, issuer, on, service } = await scene(t);
  await attempt();
  for (const change of [() => "text", () => ({}), () => ({ access_token: 1 })])
    t.ok([401, 503].includes((await attempt({}, {}, change)).status), String(change));
  const browser = new CookieJar(service);
  const begun = await expectStatus(browser.call("POST", "/v1/session/oidc", { body: {} }), 201);
  const state = new URL(String(begun.body["authorization_url"])).searchParams.get("state");
  on.answer = async () => ({ status: 502, body: { error: "temporarily_unavailable" } });
  const down = await browser.call("POST", "/v1/session", { body: { code: "c", state } });
  t.match(down, { status: 503, body: { code: "IDENTITY_PROVIDER_UNAVAILABLE" } });

  const wrong = await startStaticIssuer(t);
  wrong.documents.discovery = { ...(issuer.documents.discovery as object), issuer: `${wrong.url}/other` };
  const misled = await startService(t, {
    stage: service.stage,
    targets: {},
    config: { oidcIssuer: wrong.url, oidcAudience: audience, oidcClientId: client },
  });
  t.equal((await misled.call("POST", "/v1/session/oidc", { body: {} })).status, 503, "another's discovery document");
});
