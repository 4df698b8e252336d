import http from "node:http";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import type { Order, Seen } from "../../bench/latency/generator.ts";
import { startGenerator } from "../../bench/latency/load.ts";
import { arrivals, percentile } from "../../bench/latency/schedule.ts";

t.setTimeout(60_000);

/** A server that answers nothing until so long after the first request, then all of it at once. */
async function serve(t: Test, stallMs: number, status = 200): Promise<string> {
  let opens: Promise<void> | undefined;
  const server = http.createServer((request, response) => {
    request.resume();
    opens ??= new Promise((resolve) => {
      setTimeout(resolve, stallMs); // not a sleep: the slowness that is to be measured
    });
    void opens.then(() => response.writeHead(status, { "content-length": "2" }).end("{}"));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function play(t: Test, order: Omit<Order, "requests">): Promise<Seen> {
  const generator = startGenerator();
  t.teardown(() => generator.close());
  const text = "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2\r\n\r\n{}";
  return generator.run({ ...order, requests: [{ text, status: 200 }] });
}

t.test("operations: a stall counts for all that were due in it, sent or not", async (t) => {
  const stallMs = 400;
  const due = Float64Array.from({ length: 100 }, (_, at) => at * 5);
  for (const connections of [1, 64]) {
    const { times, late, failures } = await play(t, {
      urls: [await serve(t, stallMs)],
      connections,
      count: due.length,
      due,
    });
    t.strictSame(failures, {});
    // The first was due a little before the server began to count.
    const wrong = [...due].filter((at, nth) => (times[nth] as number) < stallMs - at);
    t.strictSame(wrong, [], `${connections} connections: each waited from when it was due until the stall was over`);
    const unsent = [...due].filter((at, nth) => at < stallMs && (late[nth] as number) >= stallMs - at - 1);
    if (connections === 1) {
      t.ok(unsent.length > 50, "most of them could not leave before it was over");
      const fromSending = unsent.map((at) => (times[at / 5] as number) - (late[at / 5] as number));
      t.ok(fromSending.some((ms, nth) => ms < stallMs - (unsent[nth] as number)), "counted from the sending, it had not shown"); // biome-ignore format: one thought
    }
  }
});

t.test("operations: a closed loop asks each once, over all the processes", async (t) => {
  const urls = [await serve(t, 0), await serve(t, 0)];
  const { times, failures } = await play(t, { urls, connections: 8, count: 500 });
  t.strictSame(failures, {});
  t.equal([...times].filter((ms) => ms > 0).length, 500);
});

t.test("operations: another answer than the one that is due is told", async (t) => {
  const { failures } = await play(t, { urls: [await serve(t, 0, 503)], connections: 4, count: 20 });
  t.strictSame(Object.entries(failures), [["503 ", 20]]);
});

t.test(
  "operations: the schedule follows from its seed, and has the rate and the gaps of arrivals without memory",
  async (t) => {
    const due = arrivals(4_711, 2_000, 20);
    const text = (seed: number): string => arrivals(seed, 2_000, 20).join(" ");
    t.ok(text(4_711) === due.join(" "), "the same seed, the same schedule");
    t.ok(text(4_712) !== due.join(" "), "another seed, another one");
    const gaps = [...due].map((at, nth) => at - (due[nth - 1] ?? 0));
    t.ok(gaps.every((gap) => gap >= 0));
    t.ok((due.at(-1) ?? 0) < 20_000);
    // Ten standard deviations of 200: whoever misses that draws from something else.
    t.ok(Math.abs(due.length - 40_000) < 2_000, `${due.length} in 20 s`);
    const mean = 0.5;
    const above = (ms: number): number => gaps.filter((gap) => gap > ms).length / gaps.length;
    for (const times of [1, 2, 4]) {
      t.ok(Math.abs(above(times * mean) - Math.exp(-times)) < 0.02, `gaps of more than ${times} times the mean`);
    }
  },
);

t.test("operations: a percentile is the time that such a share was answered within", async (t) => {
  const sorted = Float64Array.from({ length: 1_000 }, (_, at) => at + 1);
  t.strictSame(
    [0.5, 0.9, 0.99, 0.999, 1].map((share) => percentile(sorted, share)),
    [500, 900, 990, 999, 1_000],
  );
  t.equal(percentile(Float64Array.of(7), 0.5), 7);
  t.ok(Number.isNaN(percentile(Float64Array.of(), 0.5)));
});
