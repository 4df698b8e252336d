import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { Client, ClientProblem } from "../../src/client/index.ts";
import { approvalRequest, approve, bindings } from "../support/flow.ts";
import { startService, syncSecret } from "../support/service.ts";

t.test("GRANT-3 the client carries an approval to a consumed grant, and its refusals have their code", async (t) => {
  const service = await startService(t);
  const { aprCode, digest } = await approve(service, approvalRequest());
  const minted = await new Client(service.url, service.tokens.dispatcher).execute(aprCode, digest, syncSecret);
  const executor = new Client(service.url, service.tokens["c1-builder"]);
  const used = bindings() as Parameters<Client["verify"]>[0];
  t.equal((await executor.verify(used)).auth_code, minted.auth_code);
  t.equal((await executor.consume(minted.auth_code, { ...used, idempotency_root: "a" })).replayed, false);
  const error = await executor.consume(minted.auth_code, { ...used, idempotency_root: "b" }).catch((e: unknown) => e);
  t.ok(error instanceof ClientProblem);
  t.match(error, { status: 409, code: "REJECT_AUTH_ALREADY_CONSUMED", requestId: String });
});

/** A peer that answers what it is told, since a 503 cannot be had from the service at will; 0 is no answer at all. */
async function peer(t: Test, statuses: number[], further: Readonly<Record<string, string>> = { "retry-after": "0" }) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    const status = statuses.shift() ?? 500;
    const headers = { "content-type": "application/json", ...further };
    if (status !== 0) response.writeHead(status, headers).end('{"code":"OVERLOADED"}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { seen, url, client: new Client(url, "t") };
}

t.test(
  "operations: while the service has no room the same is sent again, under the same idempotency key",
  async (t) => {
    const { seen, client } = await peer(t, [503, 429, 503, 503, 503]);
    await t.rejects(client.withdraw("APR-1"), { status: 503, code: "OVERLOADED", name: "Unavailable" });
    t.equal(seen.length, 4, "not for ever");
    t.type(seen[0]?.headers["idempotency-key"], "string");
    t.equal(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size, 1);
  },
);

t.test("operations: a failure is not sent again, and a call can be given up", async (t) => {
  const { seen, client } = await peer(t, [500]);
  await t.rejects(client.withdraw("APR-1"), { status: 500, code: "OVERLOADED" });
  t.equal(seen.length, 1);
  await t.rejects(client.doctor({ signal: AbortSignal.abort() }), { name: "AbortError" });
  t.equal(seen.length, 1);
});

t.test("operations: whoever is told to wait longer than is sensible is told so at once", async (t) => {
  const { seen, client } = await peer(t, [429], { "retry-after": "3600" });
  await t.rejects(client.listGrants(), { name: "RateLimited", retryAfterSeconds: 3_600 });
  t.equal(seen.length, 1);
});

t.test("operations: a call is given up while it waits to be sent again", async (t) => {
  // Less than what it is told to wait: a call that waits that out does not end in time.
  t.setTimeout(20_000);
  const sent: string[] = [];
  const answered = Promise.withResolvers<void>();
  const client = new Client({
    url: "http://service.example",
    token: "t",
    async fetch(url) {
      sent.push(url as string);
      // The answer is there at once, so that the call is waiting when the event loop has come round.
      setImmediate(answered.resolve);
      return new Response('{"code":"OVERLOADED"}', { status: 503, headers: { "retry-after": "29" } });
    },
  });
  const leaving = new AbortController();
  const call = client.withdraw("APR-1", { signal: leaving.signal });
  await answered.promise;
  leaving.abort(new Error("no longer wanted"));
  await t.rejects(call, { message: "no longer wanted" });
  t.equal(sent.length, 1);
});

t.test("operations: a deadline ends a call that nobody answers", async (t) => {
  const { client } = await peer(t, [0, 0]);
  await t.rejects(client.listGrants({}, { deadlineMs: 40 }), { name: "Unavailable", code: "CONNECTION_LOST" });
  await t.rejects(client.withdraw("APR-1", { deadlineMs: 40 }), { name: "UnknownOutcome", idempotencyKey: String });
  const waiting = await peer(t, [503], { "retry-after": "20" });
  await t.rejects(waiting.client.listGrants({}, { deadlineMs: 5_000 }), { name: "Unavailable", status: 503 });
  t.equal(waiting.seen.length, 1, "it is not waited for what comes too late");
});

t.test("operations: nobody is sent elsewhere with a token", async (t) => {
  const elsewhere = await peer(t, [200]);
  const { seen, client } = await peer(t, [307, 307], { location: elsewhere.url });
  await t.rejects(client.listGrants(), { status: 307, code: "UNEXPECTED_ANSWER" });
  t.equal(seen.length, 1);
  t.equal(elsewhere.seen.length, 0);
});

t.test("operations: what cannot be a service or a token is refused at once", async (t) => {
  t.throws(() => new Client("localhost", "t"), TypeError);
  t.throws(() => new Client("http://localhost", "two\r\nlines"), TypeError);
});
