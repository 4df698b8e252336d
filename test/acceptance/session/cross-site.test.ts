import t from "tap";
import { signIn } from "../../support/cookies.ts";
import { startService } from "../../support/service.ts";

const hold = { body: { reason: "x", environment: "none" } };

t.test("APR-8 what changes something by a cookie needs the session's own CSRF token", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "operator");
  const other = await signIn(service, "operator");
  const send = (headers: Record<string, string>) => {
    const all = { cookie: browser.header, ...headers };
    return service.call("POST", "/v1/holds", { ...hold, headers: all });
  };
  const { csrf = "" } = browser;
  t.match(csrf, /^[A-Za-z0-9_-]{43}$/);
  t.notOk(browser.header.includes(csrf), "it is not the cookie");
  const wrong = [
    undefined,
    "",
    "x",
    other.csrf ?? "",
    csrf.slice(1),
    `${csrf}A`,
    csrf.toLowerCase(),
    `${csrf}, ${csrf}`,
  ];
  for (const sent of wrong) {
    const refused = await send(sent === undefined ? {} : { "x-csrf-token": sent });
    t.match(refused, { status: 403, body: { code: "CSRF_TOKEN_INVALID" } }, String(sent));
    t.notOk(refused.text.includes(csrf), "it is not told");
  }
  t.equal((await service.call("DELETE", "/v1/session", { headers: { cookie: browser.header } })).status, 403);
  t.equal((await send({ "x-csrf-token": csrf })).status, 201);
  for (const method of ["GET", "HEAD"]) {
    const read = await service.call(method, "/v1/holds", { headers: { cookie: browser.header } });
    t.equal(read.status, 200, `${method} needs none`);
  }
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS n FROM registration_holds"),
  );
  t.same(rows, [{ n: 1 }]);
});

t.test("APR-8 it is asked for before the role, and of a question that is a POST too", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "auditor");
  const headers = { cookie: browser.header };
  for (const path of ["/v1/holds", "/v1/builds/c1-vocabulary/digests", "/v1/lifecycle/verification"]) {
    const refused = await service.call("POST", path, { headers, body: {} });
    t.match(refused, { status: 403, body: { code: "CSRF_TOKEN_INVALID" } }, path);
  }
});

t.test("APR-8 a request that a page of another origin sends is refused, whatever it carries", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "operator");
  const { host } = new URL(service.url);
  const foreign: readonly Record<string, string>[] = [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "" },
    { origin: "https://elsewhere.example" },
    { origin: "null" },
    { origin: `http://${host}.elsewhere.example` },
    { origin: `http://${host.split(":")[0]}:1` },
    { "sec-fetch-site": "same-origin", origin: "https://elsewhere.example" },
  ];
  for (const headers of foreign) {
    const title = JSON.stringify(headers);
    const refused = { status: 403, body: { code: "CROSS_SITE_REQUEST" } };
    t.match(await browser.call("POST", "/v1/holds", { ...hold, headers }), refused, title);
    t.match(await browser.call("GET", "/v1/holds", { headers }), refused, `${title} reading`);
    const signsIn = { headers, body: { token: service.tokens.operator } };
    t.match(await service.call("POST", "/v1/session", signsIn), refused, `${title} signing somebody in`);
    t.match(await service.call("POST", "/v1/session/oidc", { headers, body: {} }), refused, `${title} beginning to`);
    t.equal((await service.call("GET", "/v1/holds", { headers, as: "operator" })).status, 200, `${title} with a token`);
  }
  const own: readonly Record<string, string>[] = [
    { "sec-fetch-site": "same-origin", origin: `http://${host}` },
    { "sec-fetch-site": "none" },
    { origin: `http://${host}` },
  ];
  for (const headers of own)
    t.equal((await browser.call("GET", "/v1/holds", { headers })).status, 200, JSON.stringify(headers));
});

t.test("APR-8 where the service has a public address, its pages are those of that address", async (t) => {
  const service = await startService(t, { targets: {}, config: { publicUrl: "https://countersign.test" } });
  const browser = await signIn(service, "operator");
  const from = (origin: string) => browser.call("GET", "/v1/holds", { headers: { origin } });
  t.equal((await from("https://countersign.test")).status, 200);
  for (const origin of ["http://countersign.test", "https://countersign.test:8443", service.url])
    t.match(await from(origin), { status: 403, body: { code: "CROSS_SITE_REQUEST" } }, origin);
});
