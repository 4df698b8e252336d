import type { InjectOptions, LightMyRequestResponse } from "fastify";
import t, { type Test } from "tap";
import { bearer, type Harness, startHarness } from "./harness.ts";

type Target = Omit<InjectOptions, "payload"> & { payload?: string | Buffer | object };

async function send(harness: Harness, options: Target): Promise<LightMyRequestResponse> {
  return harness.app.inject(options);
}

const post = (payload: string | Buffer | object, url = "/v1/things/t1", headers: object = {}): Target => ({
  method: "POST",
  url,
  payload,
  headers: { ...bearer("executor"), "content-type": "application/json", ...headers },
});

/** Every problem has the standard members, whatever refused. */
function isProblem(t: Test, response: LightMyRequestResponse, status: number, code: string): Record<string, unknown> {
  t.equal(response.statusCode, status, `${code}: ${response.payload}`);
  t.match(response.headers["content-type"], /^application\/problem\+json/);
  const body = response.json<Record<string, unknown>>();
  t.match(body, { type: `/docs/problems/${code}`, status, code, title: String, detail: String, instance: /^\// });
  t.equal(body.request_id, response.headers["x-request-id"]);
  return body;
}

t.test("APR-1 a valid request is answered in the declared shape", async (t) => {
  const harness = await startHarness(t);
  const response = await send(harness, post({ name: "abc", kind: "big", count: 1 }));
  t.equal(response.statusCode, 201);
  t.strictSame(response.json(), { name: "abc" });
  t.match(response.headers, {
    location: "/v1/things/t1",
    "cache-control": "no-store",
    "content-type": /^application\/json/,
  });
});

t.test("APR-1 each invalid place is named with a pointer and what to do", async (t) => {
  const harness = await startHarness(t);
  const cases: [object, string, RegExp][] = [
    [{}, "/name", /field is required/],
    [{ name: "a", extra: 1 }, "/extra", /not known/],
    [{ name: 5 }, "/name", /must be string/],
    [{ name: null }, "/name", /must be string/],
    [{ name: "a", count: "5" }, "/count", /must be integer/],
    [{ name: "a", count: 1.5 }, "/count", /must be integer/],
    [{ name: "a", kind: "wide" }, "/kind", /one of "big", "small"/],
    [{ name: "a", inner: { "a/b": 1 } }, "/inner/a~1b", /must be boolean/],
    [{ name: "a", inner: { "c~d": 1 } }, "/inner/c~0d", /not known/],
    [[], "", /must be object/],
  ];
  for (const [payload, pointer, detail] of cases) {
    const body = isProblem(t, await send(harness, post(JSON.stringify(payload))), 400, "INVALID_REQUEST");
    const errors = body.errors as { pointer: string; detail: string }[];
    t.ok(
      errors.some((error) => error.pointer === pointer && detail.test(error.detail)),
      JSON.stringify(errors),
    );
  }
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 1]));
  const body = isProblem(t, await send(harness, post(many)), 400, "INVALID_REQUEST");
  t.equal((body.errors as unknown[]).length, 20, "the list is bounded");
});

t.test("APR-1 what JSON.parse would let through is refused at the edge", async (t) => {
  const harness = await startHarness(t);
  for (const payload of [
    '{"name":"a","name":"b"}',
    '{"name":"a","__proto__":{}}',
    '{"name":"\\u0000"}',
    '{"name":"\\ud800"}',
    '{"count":9007199254740993}',
    "[".repeat(40),
    "",
    "{",
    '\ufeff{"name":"a"}',
  ]) {
    isProblem(t, await send(harness, post(payload)), 400, "INVALID_REQUEST");
  }
  isProblem(t, await send(harness, post(Buffer.from([0x22, 0xff, 0x22]))), 400, "INVALID_REQUEST");
  isProblem(t, await send(harness, { ...post(""), payload: "" }), 400, "INVALID_REQUEST");
  const { "content-type": _, ...noType } = post("").headers as Record<string, string>;
  isProblem(t, await send(harness, { method: "POST", url: "/v1/things/t1", headers: noType }), 400, "INVALID_REQUEST");
});

t.test("APR-1 the only content type is JSON in UTF-8", async (t) => {
  const harness = await startHarness(t);
  const body = JSON.stringify({ name: "a" });
  for (const type of [
    "application/json",
    "application/json; charset=utf-8",
    'Application/JSON;charset="UTF-8"',
    "application/json ;charset=utf-8",
  ]) {
    t.equal((await send(harness, post(body, undefined, { "content-type": type }))).statusCode, 201, type);
  }
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin1",
    "application/jsonx",
    "application/json, text/plain",
    "text/json",
    "application/json; charset=utf-8; x=1",
    "application/vnd.api+json",
    "*/*",
    "garbage",
    "application/json\ttext",
  ]) {
    isProblem(t, await send(harness, post(body, undefined, { "content-type": type })), 415, "UNSUPPORTED_MEDIA_TYPE");
  }
  isProblem(
    t,
    await send(harness, post(body, undefined, { "content-encoding": "gzip" })),
    415,
    "UNSUPPORTED_MEDIA_TYPE",
  );
});

t.test("APR-1 a body over 256 KiB is refused, one at the limit is read", async (t) => {
  const harness = await startHarness(t);
  const sized = (bytes: number): string => `{"name":"${"a".repeat(bytes - 11)}"}`;
  isProblem(t, await send(harness, post(sized(256 * 1024 + 1))), 413, "PAYLOAD_TOO_LARGE");
  isProblem(t, await send(harness, post(sized(256 * 1024))), 400, "INVALID_REQUEST");
});

t.test("APR-1 query parameters are read from their one plain spelling, and unknown ones are refused", async (t) => {
  const harness = await startHarness(t);
  const get = (query: string) => send(harness, { method: "GET", url: `/v1/things${query}`, headers: bearer("none") });
  t.strictSame((await get("?limit=200&live=true")).json(), { limit: 200, live: true });
  t.strictSame((await get("")).json(), { limit: 50, live: false });
  for (const [query, pointer] of [
    ["?limit=0", "?limit"],
    ["?limit=201", "?limit"],
    ["?limit=05", "?limit"],
    ["?limit=1e2", "?limit"],
    ["?limit=", "?limit"],
    ["?limit=5&limit=6", "?limit"],
    ["?live=1", "?live"],
    ["?other=1", "?other"],
    ["?dry_run=true", "?dry_run"],
    ["?__proto__=1", "?__proto__"],
  ] as const) {
    const body = isProblem(t, await get(query), 400, "INVALID_REQUEST");
    t.match(body.errors, [{ pointer }], query);
  }
});

t.test("APR-1 paths that are malformed, too long or hold U+0000 are 400s", async (t) => {
  const harness = await startHarness(t);
  for (const url of [
    "/v1/things/%zz",
    "/v1/things/%ff",
    "/v1/things/a%00b",
    `/v1/things/${"a".repeat(300)}`,
    `/v1/things?limit=${"1".repeat(3000)}`,
    "/v1/things?x=%00",
  ]) {
    const response = await send(harness, { method: "GET", url, headers: bearer("none") });
    isProblem(t, response, 400, "INVALID_REQUEST");
  }
  const response = await send(harness, post({ name: "a" }, "/v1/things/a_b"));
  t.match(isProblem(t, response, 400, "INVALID_REQUEST").errors, [{ pointer: "{thing_id}" }]);
});

t.test("APR-1 unknown paths are 404, known ones with another method 405 with the allowed ones", async (t) => {
  const harness = await startHarness(t);
  isProblem(t, await send(harness, { method: "GET", url: "/v1/nothing" }), 404, "NOT_FOUND");
  isProblem(t, await send(harness, { method: "GET", url: "/V1/things" }), 404, "NOT_FOUND");
  isProblem(t, await send(harness, { method: "GET", url: "/v1/things/" }), 404, "NOT_FOUND");
  isProblem(t, await send(harness, post("{broken", "/v1/nothing")), 404, "NOT_FOUND");
  const response = await send(harness, { method: "DELETE", url: "/v1/things/t1?x=1" });
  isProblem(t, response, 405, "METHOD_NOT_ALLOWED");
  t.equal(response.headers.allow, "GET, HEAD, POST");
  isProblem(t, await send(harness, { method: "OPTIONS", url: "/v1/things/t1" }), 405, "METHOD_NOT_ALLOWED");
});

t.test("APR-8 who asks is checked before the body is looked at", async (t) => {
  const harness = await startHarness(t);
  const broken = (headers: object): Target => ({
    method: "POST",
    url: "/v1/things/t1",
    payload: "{broken",
    headers: { "content-type": "application/json", ...headers },
  });
  for (const headers of [
    {},
    bearer("unknown"),
    { authorization: "Basic abc" },
    { authorization: "Bearer" },
    { authorization: "Bearer a b" },
  ]) {
    const response = await send(harness, broken(headers));
    isProblem(t, response, 401, "UNAUTHENTICATED");
    t.match(response.headers["www-authenticate"], /^Bearer/);
  }
  const forbidden = isProblem(t, await send(harness, broken(bearer("operator"))), 403, "FORBIDDEN");
  t.match(forbidden, { detail: /`executor`/, required_roles: ["executor"] });
  isProblem(t, await send(harness, broken(bearer("executor"))), 400, "INVALID_REQUEST");
  t.equal(
    (await send(harness, { method: "GET", url: "/v1/things", headers: bearer("none") })).statusCode,
    200,
    "any role will do",
  );
});

t.test("AUDIT-1 a sane request id is kept and another replaced, on errors too", async (t) => {
  const harness = await startHarness(t);
  const ask = async (id: string) =>
    (await send(harness, { method: "GET", url: "/v1/nothing", headers: { "x-request-id": id } })).headers[
      "x-request-id"
    ];
  t.equal(await ask("req-1.A_b"), "req-1.A_b");
  for (const id of ["", "a b", "x".repeat(65), "<script>"]) t.match(await ask(id), /^[0-9a-f-]{36}$/);
  t.match((await send(harness, { method: "GET", url: "/v1/things/%zz" })).headers["x-request-id"], /^[0-9a-f-]{36}$/);
});

t.test("APR-1 an unexpected failure says nothing of the inside, and the log has it", async (t) => {
  const harness = await startHarness(t);
  const response = await send(harness, post({ name: "a" }, "/v1/things/explode"));
  isProblem(t, response, 500, "INTERNAL_ERROR");
  t.notMatch(response.payload, /secret_table|hunter2|at |\.ts/);
  t.match(harness.log(), /secret_table/);
  const leak = await send(harness, post({ name: "a" }, "/v1/things/leak"));
  isProblem(t, leak, 500, "INTERNAL_ERROR");
  t.notMatch(leak.payload, /s3cret/, "an answer of another shape than declared does not leave");
  t.notMatch(harness.log(), /Bearer|"name":"a"/, "neither tokens nor bodies are logged");
});

t.test("APR-1 a problem keeps its members", async (t) => {
  const harness = await startHarness(t);
  const body = isProblem(t, await send(harness, post({ name: "a" }, "/v1/things/refuse")), 409, "VOTE_CONFLICT");
  t.equal(body.seen, 1);
  t.equal(body.instance, "/v1/things/refuse");
});

t.test("APR-6 a line of text for who prefers it, with the same status", async (t) => {
  const harness = await startHarness(t);
  const ask = (headers: object) =>
    send(harness, { method: "POST", url: "/v1/nudge", headers: { ...bearer("operator"), ...headers } });
  t.strictSame((await ask({})).json(), { result: "OK" });
  t.strictSame((await ask({ accept: "application/json, text/plain;q=0.5" })).json(), { result: "OK" });
  const text = await ask({ accept: "text/plain" });
  t.equal(text.payload, "OK");
  t.match(text.headers["content-type"], /^text\/plain/);
  const skip = await ask({ accept: "text/plain", "x-skip": "1" });
  t.match([skip.statusCode, skip.payload], [409, "SKIP:x"]);
  t.equal((await ask({ "x-skip": "1" })).json<{ result: string }>().result, "SKIP:x");
});

t.test("APR-1 a route without a body takes none, or an empty object", async (t) => {
  const harness = await startHarness(t);
  t.equal((await send(harness, post("{}", "/v1/nudge"))).statusCode, 200);
  isProblem(t, await send(harness, post('{"a":1}', "/v1/nudge")), 400, "INVALID_REQUEST");
  isProblem(t, await send(harness, post("[]", "/v1/nudge")), 400, "INVALID_REQUEST");
  isProblem(
    t,
    await send(harness, {
      method: "GET",
      url: "/v1/things",
      payload: "{}",
      headers: { ...bearer("none"), "content-type": "application/json" },
    }),
    400,
    "INVALID_REQUEST",
  );
});

t.test("APR-1 ETag on a single resource, 304 for who has it", async (t) => {
  const harness = await startHarness(t);
  const get = (headers: object) =>
    send(harness, { method: "GET", url: "/v1/things/t1", headers: { ...bearer("none"), ...headers } });
  const tag = String((await get({})).headers.etag);
  t.match(tag, /^"[\w-]{27}"$/);
  for (const header of [tag, `W/${tag}`, `"x", ${tag}`, "*"]) {
    const response = await get({ "if-none-match": header });
    t.match([response.statusCode, response.payload, response.headers.etag], [304, "", tag], header);
  }
  t.equal((await get({ "if-none-match": '"x"' })).statusCode, 200);
  t.equal((await send(harness, { method: "GET", url: "/v1/things", headers: bearer("none") })).headers.etag, undefined);
  const head = await send(harness, { method: "HEAD", url: "/v1/things/t1", headers: bearer("none") });
  t.match([head.statusCode, head.payload, head.headers.etag], [200, "", tag]);
});
