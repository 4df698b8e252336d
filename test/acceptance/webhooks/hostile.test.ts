import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import t from "tap";
import { deliveriesOf, eventually, lookInto, placeHolds, register, startTelling } from "../../webhooks/scene.ts";
import { type Behaviour, hang, startReceiver } from "../../webhooks/receiver.ts";

t.setTimeout(180_000);

const resources = 20;

/** What receivers do that nobody should rely on; `inside` is a place that they try to lead to. */
function mischief(inside: string): Readonly<Record<string, Behaviour>> {
  const gigabyte: Behaviour = (_, response) => {
    const chunk = Buffer.alloc(65_536, "x");
    let left = 2 ** 30;
    response.writeHead(500, { "content-length": String(left) });
    const more = (): void => {
      while (!response.destroyed && left > 0) {
        left -= chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
    };
    more();
  };
  return {
    fails: (_, response) => void response.writeHead(500).end(),
    hangs: hang,
    "hangs in the middle of its answer": (_, response) => {
      response.writeHead(503, { "content-length": "100" });
      response.write("x");
    },
    "redirects to a private address": (_, response) => void response.writeHead(307, { location: inside }).end(),
    "answers a gigabyte": gigabyte,
    "closes at once": (_, response) => void response.destroy(),
    "closes in the middle of its head": (_, response) => void response.socket?.end("HTTP/1.1 200 OK\r\nx: "),
    "has a head without an end": (_, response) =>
      void response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`),
    "speaks another protocol": (_, response) => void response.socket?.end("220 mail.example.com ESMTP\r\n"),
  };
}

t.test(
  "operations: whatever receivers do, nothing is lost, and nothing of the others or of the service stalls",
  async (t) => {
    const service = await startTelling(t, {
      config: { webhookAttempts: 100, webhookConcurrency: 32, webhookEndpointConcurrency: 2 },
    });
    let trespasses = 0;
    const inside = net.createServer((socket) => {
      trespasses += 1;
      socket.destroy();
    });
    inside.listen(0, "127.0.0.1");
    await once(inside, "listening");
    t.teardown(async () => void inside.close());
    const kinds = mischief(`http://127.0.0.1:${(inside.address() as AddressInfo).port}/`);
    const bad = await Promise.all(
      Object.entries(kinds).map(async ([what, behaviour]) => {
        const receiver = await startReceiver(t, behaviour);
        return { what, receiver, ...(await register(service, receiver.url, ["hold.placed"])) };
      }),
    );
    const good = await startReceiver(t);
    const well = await register(service, good.url, ["hold.placed"]);
    const before = process.memoryUsage().rss;
    await placeHolds(service, resources);
    await good.until((all) => all.length === resources);
    t.equal((await deliveriesOf(service, well.id)).length, resources, "the good one has everything");
    for (const { what, receiver } of bad)
      await t.resolves(
        receiver.until((all) => all.length > 0),
        what,
      );
    const look = await lookInto(t, service.stage.names.superUrl);
    t.same(
      await look.query(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND clock_timestamp() - state_change > '300ms'",
      ),
      [],
      "no transaction waits for any of them",
    );
    for (const { what, id } of bad) {
      const all = await eventually(
        () => deliveriesOf(service, id),
        (now) => now.some(({ error }) => error !== null),
      );
      t.equal(all.length, resources, `${what}: nothing is lost`);
      t.ok(
        all.every(({ status }) => status === "pending"),
        `${what}: nothing counts as delivered`,
      );
    }
    t.equal((await service.call("GET", "/readyz")).status, 200);
    t.equal(trespasses, 0, "nobody went where a redirect leads to");
    t.ok(process.memoryUsage().rss - before < 300 * 2 ** 20, "a gigabyte is in nobody's memory");
    for (const { receiver } of bad) receiver.behave(() => undefined);
    await Promise.all(
      bad.map(({ id }) =>
        eventually(
          () => deliveriesOf(service, id),
          (all) => all.every(({ status }) => status === "delivered"),
        ),
      ),
    );
    t.pass("once they are well again, each of them has everything");
  },
);
