import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import fastify from "fastify";
import process from "node:process";
import t from "tap";
import { requestTimeout } from "../../src/http/plugins/request-timeout.ts";
import { bearer, startHarness } from "./harness.ts";

t.setTimeout(60_000);

const never = new Promise<void>(() => {
  // Whoever waits for it is what the test is about.
});

t.test("OPEN-7 a request with a body is answered when its time is up, long after the body was read", async (t) => {
  const app = fastify({ logger: false });
  t.teardown(() => app.close());
  requestTimeout(app, 50);
  app.post("/", () => never);
  app.setErrorHandler((error: Error & { code?: string }, _request, reply) =>
    reply.code(503).send({ code: error.code }),
  );
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
  t.match([answer.status, await answer.json()], [503, { code: "FST_ERR_HANDLER_TIMEOUT" }]);
});

t.test(
  "operations: no timer is left of a request that was answered, and none of one whose client has gone",
  async (t) => {
    const app = fastify({ logger: false });
    t.teardown(() => app.close());
    requestTimeout(app, 3_600_000);
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
    let arrived = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    let gone = (): void => undefined;
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    app.get("/answered", async () => "yes");
    app.get("/never", (_request, reply) => {
      reply.raw.once("close", () => setImmediate(gone));
      arrived();
      return never;
    });
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const before = timers();
    await app.inject("/answered");
    t.equal(timers(), before);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.write("GET /never HTTP/1.1\r\nhost: x\r\n\r\n");
    await waiting;
    t.equal(timers(), before + 1, "while it is worked on");
    socket.destroy();
    await left;
    t.equal(timers(), before);
  },
);

t.test("operations: the security headers are on answers, refusals and unknown paths alike", async (t) => {
  const { app } = await startHarness(t);
  for (const [url, status] of [
    ["/v1/things", 200],
    ["/v1/things?unknown=1", 400],
    ["/nowhere", 404],
  ] as const) {
    const answer = await app.inject({ url, headers: bearer("executor") });
    t.equal(answer.statusCode, status, url);
    t.match(answer.headers, {
      "content-security-policy": /default-src 'none'/,
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "strict-transport-security": /max-age/,
    });
  }
});
