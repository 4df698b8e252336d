import t from "tap";
import { CookieJar, signIn } from "../../support/cookies.ts";
import { approvalRequest, expectStatus } from "../../support/flow.ts";
import { startService } from "../../support/service.ts";

t.test("APR-8 a person signs in with an API token, and acts as themselves by the cookie", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = new CookieJar(service);
  const before = await service.stage.database.transact((tx) => tx.query("SELECT clock_timestamp() AS now"));
  const opened = await browser.call("POST", "/v1/session", { body: { token: service.tokens.requester } });
  t.match(opened, { status: 201, body: { principal: "requester", roles: ["requester"] } });
  t.strictSame(Object.keys(opened.body).toSorted(), [
    "created_at",
    "csrf_token",
    "expires_at",
    "idle_expires_at",
    "now",
    "principal",
    "roles",
  ]);
  const { now } = before.rows[0] as { now: Date };
  const at = (name: string): number => Date.parse(opened.body[name] as unknown as string);
  t.ok(at("now") >= now.getTime() && at("created_at") <= at("now"), "by the database's clock");
  t.ok(Math.abs(at("idle_expires_at") - at("created_at") - 900_000) < 1_000, "a quarter of an hour if idle");
  // The token of the test is good for an hour.
  t.ok(Math.abs(at("expires_at") - at("created_at") - 3_600_000) < 60_000, "never longer than the token");

  const read = await browser.call("GET", "/v1/session");
  t.match(read, { status: 200, body: { principal: "requester", csrf_token: opened.body["csrf_token"] } });
  t.equal(read.headers.get("cache-control"), "no-store");
  const posted = await browser.call("POST", "/v1/approval-requests", { body: approvalRequest() });
  t.match(posted, { status: 201, body: { requested_by: "requester" } });
  t.match(await browser.call("GET", "/v1/audit/events"), { status: 403, body: { code: "FORBIDDEN" } });
});

t.test(
  "APR-8 the cookie cannot be read by a script, nor sent by another site, and over https by nobody else set",
  async (t) => {
    const local = await startService(t, { targets: {} });
    const { stage } = local;
    const body = { token: local.tokens.auditor };
    const plain = (await local.call("POST", "/v1/session", { body })).headers.getSetCookie();
    t.match(plain, [/^countersign_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict$/]);
    t.equal(plain.length, 1);
    for (const config of [{ publicUrl: "https://countersign.test" }, { host: "0.0.0.0" }]) {
      const service = await startService(t, { stage, targets: {}, config });
      const [cookie, ...more] = (await service.call("POST", "/v1/session", { body })).headers.getSetCookie();
      t.match(cookie, /^__Host-countersign_session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
      t.strictSame(more, []);
      const value = /=([^;]+)/.exec(cookie ?? "")?.[1] ?? "";
      const under = (name: string) => service.call("GET", "/v1/session", { headers: { cookie: `${name}=${value}` } });
      t.equal((await under("__Host-countersign_session")).status, 200);
      t.equal((await under("countersign_session")).status, 401, "a name that a neighbour could set is none");
    }
  },
);

t.test("APR-8 a token that is no good opens nothing, and says no more than that", async (t) => {
  const service = await startService(t, { targets: {} });
  const { database } = service.stage;
  const good = service.tokens.auditor;
  const revoked = service.tokens.council_1;
  await database.transact((tx) =>
    tx.query(
      "UPDATE api_tokens SET revoked_at = clock_timestamp(), revoked_by = 'admin' WHERE principal = 'council_1'",
    ),
  );
  const tokens = [`cs_${"0".repeat(16)}_${"A".repeat(43)}`, `${good.slice(0, -1)}!`, "x", revoked, `${good}A`];
  for (const token of tokens) {
    const refused = await service.call("POST", "/v1/session", { body: { token } });
    t.match(refused, { status: 401, body: { code: "UNAUTHENTICATED" } });
    t.notOk(refused.headers.get("set-cookie"));
    t.notOk(refused.text.includes(token.slice(-12)) && token.length > 12, "nothing of it is repeated");
  }
  for (const body of [{}, { token: "" }, { token: good, code: "x" }, { code: "x" }, { token: 1 }, { token: "a b" }]) {
    t.match(await service.call("POST", "/v1/session", { body }), { status: 400, body: { code: "INVALID_REQUEST" } });
  }
  const { rows } = await database.transact((tx) => tx.query("SELECT count(*)::int AS n FROM sessions"));
  t.same(rows, [{ n: 0 }]);
});

t.test("AUDIT-1 opening and ending a session are events of whose session it is", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "operator");
  const ended = await browser.call("DELETE", "/v1/session");
  t.match(ended, { status: 200, body: { ended_at: String } });
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query(
      "SELECT action, actor, before, after, resource_id FROM audit_events WHERE resource_type = 'session' ORDER BY seq",
    ),
  );
  t.match(rows, [
    { action: "session.opened", actor: "operator", after: { principal: "operator", token_id: /^[0-9a-f]{16}$/ } },
    { action: "session.ended", actor: "operator", before: { status: "open" }, after: { reason: "signed_out" } },
  ]);
  t.equal(rows.length, 2);
  const { rows: kept } = await service.stage.database.transact((tx) => tx.query("SELECT * FROM sessions"));
  t.match(kept, [{ principal: "operator", end_reason: "signed_out", ended_at: Date }], "it stays on record");
});

t.test("APR-8 signing out takes the cookie away, and what it stood for", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "operator");
  const { header, csrf } = browser;
  const out = await browser.call("DELETE", "/v1/session");
  t.match(out.headers.getSetCookie(), [/^countersign_session=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/]);
  t.equal(browser.cookies.size, 0);
  const kept = { headers: { cookie: header, "x-csrf-token": csrf ?? "" } };
  const again = await service.call("GET", "/v1/session", kept);
  t.match(again, { status: 401, body: { detail: /session is over/ } }, "a copy of it is worth nothing");
  t.match(again.headers.getSetCookie(), [/^countersign_session=; Max-Age=0/], "and the browser forgets it");
  t.equal((await service.call("DELETE", "/v1/session", kept)).status, 401);
  t.equal((await service.call("GET", "/v1/holds", kept)).status, 401);
});

t.test("APR-8 with a token there is no session, and a token and a session together are refused", async (t) => {
  const service = await startService(t, { targets: {} });
  for (const method of ["GET", "DELETE"])
    t.match(await service.call(method, "/v1/session", { as: "auditor" }), { status: 404, body: { code: "NOT_FOUND" } });
  const browser = await signIn(service, "auditor");
  for (const person of ["auditor", "operator"] as const) {
    const both = await browser.call("GET", "/v1/holds", { as: person });
    t.match(both, { status: 400, body: { code: "INVALID_REQUEST", errors: [{ pointer: "header authorization" }] } });
  }
  const other = { headers: { cookie: "theme=dark; countersign_x=1" }, as: "auditor" as const };
  t.equal((await service.call("GET", "/v1/holds", other)).status, 200, "cookies of others are nobody's business");
  const [pair] = [browser.header];
  const twice = await service.call("GET", "/v1/session", { headers: { cookie: `${pair}; ${pair}` } });
  t.match(
    twice,
    { status: 400, body: { errors: [{ pointer: "header cookie" }] } },
    "which of two is meant is not guessed",
  );
});

t.test("APR-8 a session is never one that the browser brought, and signing in again ends the one before", async (t) => {
  const service = await startService(t, { targets: {} });
  const planted = "A".repeat(43);
  const victim = new CookieJar(service);
  victim.cookies.set("countersign_session", planted);
  await expectStatus(victim.call("POST", "/v1/session", { body: { token: service.tokens.operator } }), 201);
  t.not(victim.cookies.get("countersign_session"), planted);
  const attacker = { headers: { cookie: `countersign_session=${planted}` } };
  t.equal((await service.call("GET", "/v1/session", attacker)).status, 401);

  const before = { headers: { cookie: victim.header } };
  await expectStatus(victim.call("POST", "/v1/session", { body: { token: service.tokens.admin } }), 201);
  t.equal((await service.call("GET", "/v1/session", before)).status, 401);
  t.match(await victim.call("GET", "/v1/session"), { status: 200, body: { principal: "admin" } });
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT principal, end_reason FROM sessions ORDER BY opened_at"),
  );
  t.same(rows, [
    { principal: "operator", end_reason: "replaced" },
    { principal: "admin", end_reason: null },
  ]);
});

t.test("operations: sign-ins that fail are limited by address; those that go well are not counted", async (t) => {
  const service = await startService(t, { targets: {} });
  const wrong = () =>
    service.call("POST", "/v1/session", { body: { token: `cs_${"0".repeat(16)}_${"A".repeat(43)}` } });
  const right = () => service.call("POST", "/v1/session", { body: { token: service.tokens.auditor } });
  for (let i = 0; i < 65; i += 1) t.equal((await right()).status, 201);
  const statuses = (await Promise.all(Array.from({ length: 80 }, wrong))).map(({ status }) => status);
  t.equal(statuses.filter((status) => status === 401).length, 60, "many at once are no way round it");
  t.equal(statuses.filter((status) => status === 429).length, 20);
  const after = await right();
  t.match(after, { status: 429, body: { code: "RATE_LIMITED" } }, "and nobody learns by it which token is good");
  t.match(after.headers.get("retry-after"), /^[1-9]\d*$/);
  t.equal((await service.call("GET", "/v1/holds", { as: "auditor" })).status, 200, "tokens go on working");
});

t.test("operations: without an issuer there is the token alone", async (t) => {
  const service = await startService(t, { targets: {} });
  t.match(await service.call("GET", "/v1/session/provider"), { status: 200, body: { oidc: false, now: String } });
  t.match(await service.call("POST", "/v1/session/oidc", { body: {} }), { status: 404, body: { code: "NOT_FOUND" } });
  const body = { code: "c", state: `k1.${Date.now() + 60_000}.${"A".repeat(43)}` };
  t.match(await service.call("POST", "/v1/session", { body }), { status: 404, body: { code: "NOT_FOUND" } });
});
