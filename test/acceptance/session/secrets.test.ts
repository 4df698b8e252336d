import t from "tap";
import { CookieJar } from "../../support/cookies.ts";
import { expectStatus } from "../../support/flow.ts";
import { audience, consoleClient, logIn, startIssuer } from "../../support/issuer.ts";
import { setStage, spawnService } from "../../support/service.ts";

t.setTimeout(60_000);

t.test(
  "operations: nothing of a sign-in or a session reaches the log or the database, whatever the level",
  async (t) => {
    const stage = await setStage(t);
    const issuer = await startIssuer(t);
    issuer.roles.set("ada", ["operator"]);
    let log = "";
    const env = {
      LOG_LEVEL: "trace",
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: audience,
      OIDC_CLIENT_ID: consoleClient.client_id,
      OIDC_CLIENT_SECRET: consoleClient.client_secret,
      PUBLIC_URL: consoleClient.origin,
    };
    const service = await spawnService(t, stage, env, (text) => {
      log += text;
    });
    const secrets = new Map([["client secret", consoleClient.client_secret]]);

    const browser = new CookieJar(service);
    await expectStatus(browser.call("POST", "/v1/session", { body: { token: service.tokens.operator } }), 201);
    secrets.set("token", service.tokens.operator.slice(-43));
    secrets.set("cookie", browser.cookies.get("__Host-countersign_session") ?? "");
    secrets.set("CSRF token", browser.csrf ?? "");
    const wrong = `cs_${"0".repeat(16)}_${"Z".repeat(43)}`;
    secrets.set("token that is none", wrong.slice(-43));
    t.equal((await service.call("POST", "/v1/session", { body: { token: wrong } })).status, 401);
    t.equal((await service.call("POST", "/v1/session", { body: { token: wrong, more: wrong } })).status, 400);
    const guess = "G".repeat(43);
    secrets.set("guessed cookie", guess);
    const guessed = { headers: { cookie: `__Host-countersign_session=${guess}` } };
    t.equal((await service.call("GET", "/v1/session", guessed)).status, 401);
    const forged = { headers: { "x-csrf-token": "F".repeat(43) }, body: { reason: "x" } };
    secrets.set("guessed CSRF token", "F".repeat(43));
    t.equal((await browser.call("POST", "/v1/holds", forged)).status, 403);

    const other = new CookieJar(service);
    const begin = async () => {
      const begun = await expectStatus(other.call("POST", "/v1/session/oidc", { body: {} }), 201);
      const there = new URL(String(begun.body["authorization_url"]));
      const { searchParams } = await logIn(there, "ada", `${consoleClient.origin}/console/callback`);
      const found = { code: searchParams.get("code") ?? "", state: searchParams.get("state") ?? "" };
      // As a browser asks for the page to which it is sent back.
      await service.call("GET", `/console/callback?${searchParams.toString()}`, { headers: { accept: "text/html" } });
      return { ...found, nonce: there.searchParams.get("nonce") ?? "" };
    };
    for (const code of [undefined, "a-code-that-the-issuer-did-not-give"]) {
      const came = await begin();
      for (const [name, value] of Object.entries(came)) secrets.set(`${name} of ${String(code)}`, value.slice(-40));
      secrets.set("binding", other.cookies.get("__Host-countersign_sign_in") ?? "");
      const answer = await other.call("POST", "/v1/session", { body: { state: came.state, code: code ?? came.code } });
      t.equal(answer.status, code === undefined ? 201 : 401);
      secrets.set(`code ${String(code)}`, code ?? came.code);
    }
    secrets.set("cookie of ada", other.cookies.get("__Host-countersign_session") ?? "");
    secrets.set("CSRF token of ada", other.csrf ?? "");
    t.equal((await other.call("DELETE", "/v1/session")).status, 200);
    await service.kill("SIGTERM");

    const { rows } = await stage.database.transact((tx) =>
      tx.query(`SELECT (SELECT jsonb_agg(to_jsonb(s)) FROM sessions s)::text || (SELECT jsonb_agg(to_jsonb(i)) FROM session_sign_ins i)::text
                     || (SELECT jsonb_agg(to_jsonb(e)) FROM audit_events e)::text AS all`),
    );
    const kept = (rows[0] as { all: string }).all;
    t.match(kept, /session\.opened/);
    t.match(log, /"level":30/, "there is a log");
    t.match(log, /"path":"\/console\/callback"/, "and it tells of the requests");
    for (const [name, secret] of secrets) {
      t.ok(secret.length > 10, `${name} is known`);
      t.notOk(log.includes(secret), `${name} is not in the log`);
      t.notOk(kept.includes(secret), `${name} is not in the database`);
    }
  },
);
