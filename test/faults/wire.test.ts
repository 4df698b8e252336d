import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { Wire } from "../../faults/scene/wire.ts";
import { Seeded } from "../../faults/seeded.ts";

const requestId = /\r\nx-request-id: ([^\r]+)\r/i;
const request = (id: string): string => `POST / HTTP/1.1\r\nX-Request-Id: ${id}\r\ncontent-length: 2\r\n\r\n{}`;

/** A wire to a server that keeps what it gets, and a client at its other end. */
async function lay(t: Test) {
  let got = "";
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("data", (data) => (got += data.toString())).on("error", () => undefined);
    socket.on("end", () => socket.end("over"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const wire = new Wire(new Seeded(1), requestId);
  await wire.open();
  wire.target = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  const socket: Socket = connect({ host: "127.0.0.1", port: wire.port });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  t.teardown(async () => {
    socket.destroy();
    await wire.close();
    server.close();
  });
  return { wire, socket, got: () => got };
}

t.test(
  "operations: a request that was passed on in part is known as cut short, one that came whole is not",
  async (t) => {
    const { wire, socket, got } = await lay(t);
    socket.write(request("whole"));
    await t.resolves(until(() => got().endsWith("{}")));
    wire.trouble({ how: "half-close", way: "sent", share: 1, milliseconds: 0 });
    const answered = once(socket, "data");
    socket.write(request("half"));
    const [answer] = (await answered) as [Buffer];
    t.equal(answer.toString(), "over", "the server has seen the end, and can still answer");
    t.strictSame([...wire.cutShort], ["half"]);
    t.notMatch(got(), /half\r\ncontent-length: 2\r\n\r\n{}/, "it has not come whole");
  },
);

t.test("operations: what is cut resets every connection that is open", async (t) => {
  const { wire, socket } = await lay(t);
  socket.write(request("first"));
  const closed = new Promise((resolve) => {
    socket.once("close", resolve);
  });
  wire.cut();
  await t.resolves(closed);
});

async function until(holds: () => boolean): Promise<void> {
  // not a sleep: the pause between two looks at a condition
  while (!holds()) await pause(5);
}
