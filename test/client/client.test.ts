import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { Client, ClientProblem } from "../../src/client/index.ts";
import { approvalRequest, approve, bindings } from "../support/flow.ts";
import { startService, syncSecret } from "../support/service.ts";

t.test("the client carries an approval to a consumed grant, and its refusals have their code", async (t) => {
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

/** A peer that answers what it is told, since a 503 cannot be had from the service at will. */
async function peer(t: Test, statuses: number[]) {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(statuses.shift() ?? 500, { "content-type": "application/json" }).end('{"code":"OVERLOADED"}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => server.close());
  return { seen, client: new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "t") };
}

t.test("after a 503 the same is sent once more, under the same idempotency key", async (t) => {
  const { seen, client } = await peer(t, [503, 503]);
  await t.rejects(client.withdraw("APR-1"), { status: 503, code: "OVERLOADED" });
  t.equal(seen.length, 2);
  t.type(seen[0]?.headers["idempotency-key"], "string");
  t.equal(seen[1]?.headers["idempotency-key"], seen[0]?.headers["idempotency-key"]);
});

t.test("nothing else is sent again, and a call can be given up", async (t) => {
  const { seen, client } = await peer(t, [500]);
  await t.rejects(client.withdraw("APR-1"), { status: 500, code: "OVERLOADED" });
  t.equal(seen.length, 1);
  await t.rejects(client.doctor({ signal: AbortSignal.abort() }), { name: "AbortError" });
});
