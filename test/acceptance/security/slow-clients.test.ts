import { once } from "node:events";
import net from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { AddressInfo } from "node:net";
import t from "tap";
import { bearer, startHarness } from "../../http/harness.ts";

t.setTimeout(60_000);

/** Sends a byte at a time for as long as the server lets it. @returns what came back, and after how many seconds it was cut */
async function drip(port: number, head: string, byte: string): Promise<{ answer: string; seconds: number }> {
  const socket = net.connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const start = performance.now();
  socket.write(head);
  // not a sleep: slowness is what is tested
  const slowly = setInterval(() => socket.writable && socket.write(byte), 200);
  await once(socket, "close");
  clearInterval(slowly);
  return { answer: Buffer.concat(chunks).toString(), seconds: (performance.now() - start) / 1_000 };
}

t.test("APR-8 whoever sends headers or a body a byte at a time is cut off, and keeps nobody waiting", async (t) => {
  const { app } = await startHarness(t);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  const post =
    "POST /v1/things/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer executor\r\ncontent-type: application/json\r\n";
  const over = new AbortController();
  const slow = Promise.all([
    ...Array.from({ length: 50 }, () => drip(port, "GET /v1/things HTTP/1.1\r\nx-slow: ", "a")),
    ...Array.from({ length: 50 }, () => drip(port, `${post}content-length: 100000\r\n\r\n{`, " ")),
  ]).finally(() => over.abort());
  let answered = 0;
  while (!over.signal.aborted) {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/things`, { headers: bearer("operator") });
    if (answer.status === 200) answered += 1;
    // not a sleep: a client that asks now and then, for as long as the slow ones last
    await pause(250);
  }
  for (const { answer, seconds } of await slow) {
    if (answer !== "") t.match(answer, /^HTTP\/1\.1 408 .*application\/problem\+json/s);
    t.ok(seconds < 30, `cut after ${seconds.toFixed(0)} s`);
  }
  t.ok(answered > 10, `${answered} others were answered meanwhile`);
});
