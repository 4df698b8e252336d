import { once } from "node:events";
import net from "node:net";
import type { AddressInfo } from "node:net";
import t from "tap";
import type { Database } from "../../src/database/index.ts";
import { bearer, type Harness, noDatabase, startHarness } from "./harness.ts";

t.test("APR-8 requests are limited by principal, failed ones by address; health is exempt", async (t) => {
  const { app } = await startHarness(t, { config: { rateLimitMax: 3 } });
  const ask = (headers: object) => app.inject({ url: "/v1/things", headers: { ...headers } });
  for (let i = 0; i < 3; i += 1) t.equal((await ask(bearer("executor"))).statusCode, 200);
  const limited = await ask(bearer("executor"));
  t.match([limited.statusCode, limited.json<object>()], [429, { code: "RATE_LIMITED" }]);
  t.ok(Number(limited.headers["retry-after"]) >= 1 && Number(limited.headers["retry-after"]) <= 60);
  t.equal((await ask(bearer("operator"))).statusCode, 200, "another principal is not affected");
  const statuses = [];
  for (let i = 0; i < 5; i += 1) statuses.push((await ask(bearer("guess"))).statusCode);
  t.strictSame(statuses, [401, 401, 401, 429, 429]);
  t.equal((await app.inject("/v1/nothing")).statusCode, 429, "unknown paths count by address too");
  t.equal((await ask(bearer("operator"))).statusCode, 200, "an address that guesses locks nobody out");
  for (let i = 0; i < 5; i += 1) t.equal((await app.inject("/livez")).statusCode, 200);
});

t.test("OPEN-7 work is shed while too much of it waits for the database; health is exempt", async (t) => {
  let waiting = 0;
  const database: Database = { ...noDatabase, status: () => ({ total: 1, idle: 0, waiting }) };
  const { app } = await startHarness(t, { database, config: { maxWaiting: 5 } });
  const ask = () => app.inject({ url: "/v1/things", headers: bearer("executor") });
  waiting = 4;
  t.equal((await ask()).statusCode, 200);
  waiting = 5;
  const shed = await ask();
  t.match([shed.statusCode, shed.headers["retry-after"], shed.json<object>()], [503, "1", { code: "OVERLOADED" }]);
  t.equal((await app.inject("/livez")).statusCode, 200);
  t.equal((await app.inject("/readyz")).statusCode, 200);
});

t.test("OPEN-7 a request that does not finish in time is answered as of unknown outcome", async (t) => {
  const database: Database = { ...noDatabase, transact: () => new Promise(() => {}) };
  const { app } = await startHarness(t, { database, config: { requestTimeoutMs: 50 } });
  const response = await app.inject({ url: "/v1/things", headers: bearer("executor") });
  t.match([response.statusCode, response.json<object>()], [503, { code: "DATABASE_UNAVAILABLE", outcome: "unknown" }]);
});

async function listen(harness: Harness): Promise<number> {
  await harness.app.listen({ port: 0, host: "127.0.0.1" });
  return (harness.app.server.address() as AddressInfo).port;
}

/** Sends bytes, answers what came back until the server closed. */
async function raw(
  port: number,
  text: string,
): Promise<{ status: number; headers: string; body: Record<string, unknown> }> {
  const socket = net.connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.write(text);
  await once(socket, "close");
  const [headers = "", body = ""] = Buffer.concat(chunks).toString().split("\r\n\r\n", 2);
  return { status: Number(headers.split(" ")[1]), headers, body: JSON.parse(body) as Record<string, unknown> };
}

t.test("APR-8 what is no proper HTTP is answered as a problem too", async (t) => {
  const port = await listen(await startHarness(t));
  const close = "host: x\r\nconnection: close\r\n";
  const cases: [string, number, string][] = [
    [
      `GET /v1/things HTTP/1.1\r\n${close}authorization: Bearer executor\r\nAuthorization: Bearer operator\r\n\r\n`,
      400,
      "INVALID_REQUEST",
    ],
    [`GET /livez HTTP/1.1\r\n${close}x: ${"a".repeat(20_000)}\r\n\r\n`, 431, "INVALID_REQUEST"],
    ["GARBAGE\r\n\r\n", 400, "INVALID_REQUEST"],
    [
      `POST /v1/nudge HTTP/1.1\r\n${close}content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      "INVALID_REQUEST",
    ],
    [`POST /v1/nudge HTTP/1.1\r\n${close}content-length: 1\r\ncontent-length: 2\r\n\r\nab`, 400, "INVALID_REQUEST"],
    [
      `GET /v1/things HTTP/1.1\r\n${close}authorization: Bearer executor\r\ncontent-length: 2\r\n\r\n{}`,
      400,
      "INVALID_REQUEST",
    ],
    [
      `POST /v1/nudge HTTP/1.1\r\n${close}authorization: Bearer executor\r\nidempotency-key: a\r\nidempotency-key: b\r\n\r\n`,
      400,
      "INVALID_REQUEST",
    ],
  ];
  for (const [request, status, code] of cases) {
    const answer = await raw(port, request);
    t.match([answer.status, answer.body], [status, { code, status, request_id: String }], request.slice(0, 60));
    t.match(answer.headers, /application\/problem\+json/i);
    t.match(answer.headers, /x-request-id: \S+/i);
  }
});

t.test("OPEN-7 a request on an open connection is served while the service drains", async (t) => {
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered: (() => void) | undefined;
  const inside = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const database: Database = {
    ...noDatabase,
    transact: async (work, options) => {
      entered?.();
      await held;
      return noDatabase.transact(work, options);
    },
  };
  const harness = await startHarness(t, { database });
  const port = await listen(harness);
  const answer = raw(port, "GET /v1/things HTTP/1.1\r\nhost: x\r\nauthorization: Bearer none\r\n\r\n");
  await inside;
  const closed = harness.app.close();
  release?.();
  t.equal((await answer).status, 200);
  await closed;
});

t.test("OPEN-7 every timeout of the server is set, and a request in work outlives none but its own", async (t) => {
  const { app } = await startHarness(t, { config: { requestTimeoutMs: 20_000 } });
  const { headersTimeout, requestTimeout, keepAliveTimeout, timeout } = app.server;
  t.match(
    { headersTimeout, requestTimeout, keepAliveTimeout },
    { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 65_000 },
  );
  t.ok(timeout > 50_000 && timeout < 70_000, "longer than the slowest answer that is allowed for");
});
