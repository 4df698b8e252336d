import t, { type Test } from "tap";
import type { Config } from "../../../src/config.ts";
import { CookieJar } from "../../support/cookies.ts";
import { eventually } from "../../support/data-directory.ts";
import { expectStatus } from "../../support/flow.ts";
import { audience, consoleClient, type Issuer, logIn, startIssuer } from "../../support/issuer.ts";
import { type InProcess, startService } from "../../support/service.ts";

const callback = `${consoleClient.origin}/console/callback`;

async function startBoth(t: Test, more: Partial<Config> = {}): Promise<{ issuer: Issuer; service: InProcess }> {
  const issuer = await startIssuer(t);
  const service = await startService(t, {
    targets: {},
    config: {
      oidcIssuer: issuer.url,
      oidcAudience: audience,
      oidcClientId: consoleClient.client_id,
      oidcClientSecret: consoleClient.client_secret,
      publicUrl: consoleClient.origin,
      ...more,
    },
  });
  return { issuer, service };
}

/** Goes from the console to the issuer and back. @returns what came back in the address */
async function comeBack(browser: CookieJar, person: string) {
  const begun = await expectStatus(browser.call("POST", "/v1/session/oidc", { body: {} }), 201);
  const there = new URL(String(begun.body["authorization_url"]));
  const { searchParams } = await logIn(there, person, callback);
  return {
    there,
    code: searchParams.get("code") ?? "",
    state: searchParams.get("state") ?? "",
    iss: searchParams.get("iss"),
  };
}

t.test(
  "APR-8 a person signs in at the issuer, with PKCE, state and nonce, and has the roles that it gives",
  async (t) => {
    const { issuer, service } = await startBoth(t);
    issuer.roles.set("ada", ["approver", "council", "president"]);
    const browser = new CookieJar(service);
    t.match(await browser.call("GET", "/v1/session/provider"), { status: 200, body: { oidc: true } });
    const begun = await expectStatus(browser.call("POST", "/v1/session/oidc", { body: {} }), 201);
    t.match(begun.headers.getSetCookie(), [
      /^__Host-countersign_sign_in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    ]);
    const there = new URL(String(begun.body["authorization_url"]));
    t.equal(there.origin, issuer.url);
    const asked = Object.fromEntries(there.searchParams);
    t.match(asked, {
      client_id: consoleClient.client_id,
      redirect_uri: callback,
      response_type: "code",
      scope: "openid",
      code_challenge: /^[\w-]{43}$/,
      code_challenge_method: "S256",
      nonce: /^[\w-]{43}$/,
    });
    t.notOk(there.href.includes(consoleClient.client_secret));
    const back = await logIn(there, "ada", callback);
    const { code, state, iss } = Object.fromEntries(back.searchParams) as Record<string, string>;
    const opened = await browser.call("POST", "/v1/session", { body: { code, state, iss } });
    t.match(opened, { status: 201, body: { principal: "ada", roles: ["approver", "council"] } });
    t.match(opened.headers.getSetCookie(), [/^__Host-countersign_session=/]);
    t.match(await browser.call("GET", "/v1/approval-requests"), { status: 200 });
    const ttl = Date.parse(String(opened.body["expires_at"])) - Date.parse(String(opened.body["created_at"]));
    t.ok(Math.abs(ttl - 28_800_000) < 1_000, "eight hours: the issuer's token is not needed again");

    const { rows } = await service.stage.database.transact((tx) =>
      tx.query(
        "SELECT action, actor, after FROM audit_events WHERE action ~ '^(session|principal)' AND after::text ~ 'ada|issuer' ORDER BY seq",
      ),
    );
    t.match(rows.slice(-2), [
      {
        action: "principal.created",
        actor: "service:oidc",
        after: { roles: ["approver", "council"], issuer: issuer.url },
      },
      { action: "session.opened", actor: "ada", after: { principal: "ada", issuer: issuer.url } },
    ]);
  },
);

t.test("APR-8 what came back is good once, in the browser that began, and with its own state", async (t) => {
  const { issuer, service } = await startBoth(t);
  issuer.roles.set("ada", ["approver"]);
  const browser = new CookieJar(service);
  const other = new CookieJar(service);
  await expectStatus(other.call("POST", "/v1/session/oidc", { body: {} }), 201);
  const { code, state } = await comeBack(browser, "ada");
  const refused = { status: 401, body: { code: "UNAUTHENTICATED" } };
  const open = (from: CookieJar, body: object) => from.call("POST", "/v1/session", { body });
  const later = state.replace(/\.(\d+)\./, (_, until: string) => `.${Number(until) + 1}.`);
  t.match(await open(new CookieJar(service), { code, state }), refused, "a browser that has begun nothing");
  t.match(await open(other, { code, state }), refused, "a browser that has begun another one");
  for (const wrong of [
    "x",
    later,
    state.replace(/^k1/, "k2"),
    `${state.slice(0, -1)}${state.endsWith("A") ? "B" : "A"}`,
  ])
    t.match(await open(browser, { code, state: wrong }), refused, "another state");
  t.match(
    await open(browser, { code, state, iss: "https://elsewhere.example" }),
    refused,
    "an answer of another issuer",
  );

  const again = await comeBack(browser, "ada");
  const body = { code: again.code, state: again.state };
  const answers = await Promise.all(Array.from({ length: 5 }, () => open(browser, body)));
  t.equal(answers.filter(({ status }) => status === 201).length, 1, "of many at once, one");
  t.equal(answers.filter(({ status }) => status === 401).length, 4);
  t.match(await open(browser, body), refused, "and none later");

  const third = await comeBack(browser, "ada");
  t.match(await open(browser, { code: again.code, state: third.state }), refused, "a code that was used");
  t.match(
    await open(browser, { code: third.code, state: third.state }),
    refused,
    "a state is used up by a wrong code too",
  );
  const fourth = await comeBack(browser, "ada");
  t.match(
    await open(browser, { code: "made-up", state: fourth.state }),
    refused,
    "a code that the issuer did not give",
  );
});

t.test("APR-8 a code that was got for another browser does not sign that person in here", async (t) => {
  const { issuer, service } = await startBoth(t);
  issuer.roles.set("eve", ["approver"]);
  const attacker = new CookieJar(service);
  const stolen = await comeBack(attacker, "eve");
  const victim = new CookieJar(service);
  const own = await comeBack(victim, "eve");
  // With the victim's own state and cookie: PKCE and the nonce are the attacker's.
  const mixed = await victim.call("POST", "/v1/session", { body: { code: stolen.code, state: own.state } });
  t.match(mixed, { status: 401, body: { code: "UNAUTHENTICATED" } });
  t.notOk(victim.cookies.has("__Host-countersign_session"));
});

t.test("APR-8 a sign-in that takes longer than ten minutes is too old", async (t) => {
  const { issuer, service } = await startBoth(t);
  issuer.roles.set("ada", ["approver"]);
  const browser = new CookieJar(service);
  await expectStatus(browser.call("POST", "/v1/session/oidc", { body: {} }), 201);
  const binding = browser.cookies.get("__Host-countersign_sign_in") ?? "";
  const until = Date.now() - 1;
  const mac = service.stage.keys.mac("sign-in", "k1", `${until}.${binding}`)?.toString("base64url");
  const body = { code: "c", state: `k1.${until}.${mac}` };
  t.match(await browser.call("POST", "/v1/session", { body }), { status: 401, body: { detail: /ten minutes/ } });
});

t.test("APR-8 who is disabled or of this service's own is not signed in by the issuer", async (t) => {
  const { issuer, service } = await startBoth(t);
  for (const person of ["ada", "admin"]) issuer.roles.set(person, ["admin"]);
  const attempt = async (person: string) => {
    const browser = new CookieJar(service);
    const { code, state } = await comeBack(browser, person);
    return { browser, answer: await browser.call("POST", "/v1/session", { body: { code, state } }) };
  };
  const own = await attempt("admin");
  t.match(own.answer, { status: 401, body: { detail: /service's own/ } });
  const { browser, answer } = await attempt("ada");
  t.equal(answer.status, 201);
  await service.stage.database.transact((tx) =>
    tx.query("UPDATE principals SET status = 'disabled' WHERE principal = 'ada'"),
  );
  t.equal((await browser.call("GET", "/v1/session")).status, 401);
  t.match((await attempt("ada")).answer, { status: 401, body: { detail: /disabled/ } });
  t.match((await attempt("no name")).answer, { status: 401, body: { detail: /not the name of a principal/ } });
});

t.test("APR-8 roles follow the newest word of the issuer, also in sessions that are open", async (t) => {
  const { issuer, service } = await startBoth(t);
  issuer.roles.set("ada", ["operator"]);
  const first = new CookieJar(service);
  const one = await comeBack(first, "ada");
  await expectStatus(first.call("POST", "/v1/session", { body: { code: one.code, state: one.state } }), 201);
  t.equal((await first.call("GET", "/v1/doctor")).status, 200);
  issuer.roles.set("ada", ["requester"]);
  const second = new CookieJar(service);
  const two = await comeBack(second, "ada");
  await expectStatus(second.call("POST", "/v1/session", { body: { code: two.code, state: two.state } }), 201);
  for (const browser of [first, second]) t.equal((await browser.call("GET", "/v1/doctor")).status, 403);
});

t.test("operations: while the issuer cannot be asked nobody signs in by it, and all else works", async (t) => {
  const { issuer, service } = await startBoth(t);
  issuer.roles.set("ada", ["approver"]);
  issuer.down();
  const browser = new CookieJar(service);
  const down = await browser.call("POST", "/v1/session/oidc", { body: {} });
  t.match(down, { status: 503, body: { code: "IDENTITY_PROVIDER_UNAVAILABLE" } });
  t.match(down.headers.get("retry-after"), /^[1-9]/);
  t.equal((await service.call("POST", "/v1/session", { body: { token: service.tokens.auditor } })).status, 201);
  issuer.up();
  // It is asked again by itself, after a moment.
  await eventually(async () => (await browser.call("POST", "/v1/session/oidc", { body: {} })).status === 201);
  const { code, state } = await comeBack(browser, "ada");
  issuer.down();
  const lost = await browser.call("POST", "/v1/session", { body: { code, state } });
  t.match(lost, { status: 503, body: { code: "IDENTITY_PROVIDER_UNAVAILABLE" } });
  issuer.up();
  const next = await comeBack(browser, "ada");
  t.equal((await browser.call("POST", "/v1/session", { body: { code: next.code, state: next.state } })).status, 201);
});

t.test("APR-8 new keys of the issuer are found, and a secret that is wrong is the service's fault", async (t) => {
  const { issuer, service } = await startBoth(t);
  issuer.roles.set("ada", ["approver"]);
  await issuer.rotate();
  const browser = new CookieJar(service);
  const { code, state } = await comeBack(browser, "ada");
  t.equal((await browser.call("POST", "/v1/session", { body: { code, state } })).status, 201);
  const misled = await startService(t, {
    stage: service.stage,
    targets: {},
    config: {
      oidcIssuer: issuer.url,
      oidcAudience: audience,
      oidcClientId: consoleClient.client_id,
      oidcClientSecret: "another secret",
      publicUrl: consoleClient.origin,
    },
  });
  const other = new CookieJar(misled);
  const back = await comeBack(other, "ada");
  const answer = await other.call("POST", "/v1/session", { body: { code: back.code, state: back.state } });
  t.match(answer, { status: 503, body: { code: "IDENTITY_PROVIDER_UNAVAILABLE" } });
});

t.test("APR-8 without PUBLIC_URL the issuer sends people back to where the service listens", async (t) => {
  const { service } = await startBoth(t, { publicUrl: undefined });
  const begun = await expectStatus(service.call("POST", "/v1/session/oidc", { body: {} }), 201);
  const there = new URL(String(begun.body["authorization_url"]));
  t.equal(there.searchParams.get("redirect_uri"), `${service.url}/console/callback`);
  t.match(begun.headers.getSetCookie(), [/^countersign_sign_in=/]);
});
