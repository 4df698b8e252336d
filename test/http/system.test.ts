import t from "tap";
import { bearer, startHarness } from "./harness.ts";

t.test("OPEN-7 /livez answers always, /readyz only while the service can work", async (t) => {
  const checks = { database: "ok", migrations: "2 pending" };
  const { app } = await startHarness(t, { ready: async () => ({ ready: false, checks }) });
  t.strictSame((await app.inject("/livez")).json(), { status: "ok" });
  const unready = await app.inject("/readyz");
  t.match(
    [unready.statusCode, unready.headers["retry-after"], unready.json<object>()],
    [503, "1", { code: "DATABASE_UNAVAILABLE", checks }],
  );
  const failing = await startHarness(t, { ready: () => Promise.reject(new Error("boom")) });
  t.equal((await failing.app.inject("/readyz")).statusCode, 503);
  const well = await startHarness(t);
  t.match((await well.app.inject("/readyz")).json(), { status: "ready" });
});

t.test("APR-1 metrics by route template, and behind a token where one is set", async (t) => {
  const { app } = await startHarness(t);
  await app.inject({ method: "GET", url: "/v1/things/t1", headers: bearer("none") });
  await app.inject({ method: "GET", url: "/v1/nothing-at-all" });
  await app.inject({ method: "POST", url: "/v1/nudge", headers: bearer("executor") });
  await app.inject({ method: "POST", url: "/v1/nudge", headers: { ...bearer("executor"), "x-skip": "1" } });
  const { payload, headers: sent } = await app.inject("/metrics");
  t.match(sent["content-type"], /^text\/plain/);
  t.match(
    payload,
    /http_request_duration_seconds_count\{method="GET",route="\/v1\/things\/:thing_id",status="200"\} 1/,
  );
  t.match(payload, /route="unmatched",status="404"\} 1/);
  t.notMatch(payload, /nothing-at-all/);
  t.match(payload, /countersign_grant_outcomes_total\{verb="nudge",outcome="ok"\} 1/);
  t.match(payload, /countersign_grant_outcomes_total\{verb="nudge",outcome="VOTE_CONFLICT"\} 1/);
  t.match(payload, /countersign_database_connections\{state="idle"\} 1/);
  t.match(payload, /process_resident_memory_bytes/);

  const closed = await startHarness(t, { config: { metricsToken: "scraper-token" } });
  const ask = async (headers: object) =>
    (await closed.app.inject({ url: "/metrics", headers: { ...headers } })).statusCode;
  t.strictSame([await ask({}), await ask(bearer("executor")), await ask(bearer("scraper-token"))], [401, 401, 200]);
});

t.test("APR-1 the API document is generated from the routes", async (t) => {
  const { app } = await startHarness(t);
  const response = await app.inject("/openapi.json");
  const document = response.json<{
    paths: Record<string, Record<string, Record<string, unknown>>>;
    components: object;
  }>();
  t.match(document, {
    openapi: "3.1.0",
    info: { title: "Countersign" },
    components: { securitySchemes: { bearer: {} } },
  });
  const operation = document.paths["/v1/things/{thing_id}"]?.post;
  t.match(operation, {
    operationId: "postThingsByThingId",
    "x-roles": ["executor"],
    "x-audit-event": "thing.made",
    parameters: [
      { name: "dry_run", in: "query" },
      { name: "thing_id", in: "path" },
      { name: "Idempotency-Key", in: "header" },
    ],
    responses: {
      201: {
        description: "Created",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
      },
      409: {
        content: {
          "application/problem+json": { examples: { VOTE_CONFLICT: { $ref: "#/components/examples/VOTE_CONFLICT" } } },
        },
      },
      422: { description: /IDEMPOTENCY_KEY_REUSED/ },
    },
  });
  t.match(document.components, {
    schemas: { Thing: { type: "object", required: ["name"] }, Problem: {} },
    examples: { VOTE_CONFLICT: { value: { status: 409 } } },
  });
  t.ok(document.paths["/livez"]);
  t.notOk(document.paths["/docs/"], "the documentation does not document itself");
  t.match(document.paths["/v1/things/{thing_id}"]?.get?.responses, { 304: { description: String } });
});

t.test("APR-1 the documentation is served under a strict policy that its page can live with", async (t) => {
  const { app } = await startHarness(t);
  const page = await app.inject("/docs/");
  t.equal(page.statusCode, 200);
  const policy = String(page.headers["content-security-policy"]);
  t.match(policy, /script-src 'self'/);
  t.notMatch(policy, /unsafe|https:|upgrade-insecure|validator/);
  t.equal((await app.inject("/docs/json")).statusCode, 200);
  t.equal((await app.inject("/docs/static/swagger-ui.css")).statusCode, 200);
  t.equal((await app.inject("/docs/static/../../../package.json")).statusCode, 404);
  const other = await app.inject("/livez");
  t.match(other.headers, {
    "content-security-policy": /default-src 'none'/,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
});

t.test("APR-1 every problem's type leads to a page that says what to do", async (t) => {
  const { app } = await startHarness(t);
  const { problems } = (await app.inject("/docs/problems")).json<{ problems: { code: string; status: number }[] }>();
  t.match(
    problems.find(({ code }) => code === "IDEMPOTENCY_KEY_REUSED"),
    { status: 422 },
  );
  for (const { code, status } of problems) {
    const html = await app.inject({ url: `/docs/problems/${code}`, headers: { accept: "text/html" } });
    t.match([html.statusCode, html.headers["content-type"]], [200, /^text\/html/]);
    t.match(html.payload, new RegExp(`${code}[\\s\\S]*status ${status}`));
    t.match((await app.inject(`/docs/problems/${code}`)).json(), { code, status, remedy: String });
  }
  t.equal((await app.inject("/docs/problems/NOT_A_CODE")).statusCode, 404);
});
