import t from "tap";
import { bearer, startHarness } from "../../http/harness.ts";

t.test("APR-8 what a client says of its own address, host or method is not believed", async (t) => {
  const { app } = await startHarness(t, { config: { rateLimitMax: 3 } });
  const statuses: number[] = [];
  for (const [name, value] of [
    ["x-forwarded-for", "203.0.113.1"],
    ["x-forwarded-for", "203.0.113.2, 198.51.100.7"],
    ["x-real-ip", "203.0.113.3"],
    ["forwarded", "for=203.0.113.4"],
    ["cf-connecting-ip", "203.0.113.5"],
    ["x-client-ip", "203.0.113.6"],
  ] as const) {
    const answer = await app.inject({ url: "/v1/things", headers: { ...bearer("a-guess"), [name]: value } });
    statuses.push(answer.statusCode);
  }
  t.strictSame(statuses, [401, 401, 401, 429, 429, 429], "guesses are counted by the address of the connection");

  for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
    const answer = await app.inject({ url: "/v1/things", headers: { ...bearer("executor"), [name]: "DELETE" } });
    t.equal(answer.statusCode, 200, `${name} changes nothing`);
  }
  for (const name of ["x-original-url", "x-rewrite-url", "x-forwarded-prefix"]) {
    const answer = await app.inject({ url: "/v1/nothing", headers: { ...bearer("operator"), [name]: "/v1/things" } });
    t.not(answer.statusCode, 200, `${name} leads nowhere`);
  }
});

t.test(
  "APR-8 no page elsewhere can use the service through a browser: no cookie, no CORS, nothing to frame",
  async (t) => {
    const { app } = await startHarness(t);
    const origin = { origin: "https://elsewhere.example" };
    for (const url of ["/v1/things", "/livez", "/docs/problems/OVERLOADED", "/v1/nothing"]) {
      const answer = await app.inject({ url, headers: { ...origin, ...bearer("executor"), cookie: "session=1" } });
      t.notOk(answer.headers["set-cookie"], url);
      t.notOk(
        Object.keys(answer.headers).some((name) => name.startsWith("access-control-")),
        url,
      );
      t.match(
        answer.headers,
        { "x-content-type-options": "nosniff", "content-security-policy": /frame-ancestors 'none'/ },
        url,
      );
    }
    const preflight = await app.inject({
      method: "OPTIONS",
      url: "/v1/nudge",
      headers: {
        ...origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });
    t.equal(preflight.statusCode, 405);
    t.notOk(preflight.headers["access-control-allow-origin"]);
    const form = await app.inject({
      method: "POST",
      url: "/v1/nudge",
      headers: { ...bearer("executor"), "content-type": "text/plain" },
      payload: "{}",
    });
    t.equal(form.statusCode, 415, "what a form can send is no request");
    const cookie = await app.inject({ url: "/v1/things", headers: { cookie: "authorization=Bearer executor" } });
    t.equal(cookie.statusCode, 401, "a cookie signs nobody in");
    const query = await app.inject({ url: "/v1/things?access_token=executor" });
    t.equal(query.statusCode, 401, "nor does a token in the address, which would be in logs");
  },
);
