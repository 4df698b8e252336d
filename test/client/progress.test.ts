import { createServer, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { AddressInfo } from "node:net";
import t, { type Test } from "tap";
import { Client } from "../../src/client/index.ts";
import { prepareDryRun, useTarget } from "../support/runs.ts";
import { startService } from "../support/service.ts";
import { gatewayTo } from "./gateway.ts";

t.setTimeout(120_000);

/** A server that plays one script after the other, and remembers from where it was asked to go on. */
async function playing(t: Test, ...scripts: ((response: ServerResponse) => void)[]) {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["last-event-id"] as string | undefined);
    const script = scripts[asked.length - 1];
    if (script === undefined) response.writeHead(500).end("{}");
    else script(response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { client: new Client(`http://127.0.0.1:${port}`, "token"), asked };
}

const stream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { "content-type": "text/event-stream" });
const event = (seq: number, text = "é"): string =>
  `id: ${seq}\nevent: state_ok\ndata: ${JSON.stringify({ seq, event: "state_ok", detail: text })}\n\n`;
const end = 'event: end\ndata: {"status":"succeeded","stop_state":null}\n\n';

async function collect(client: Client, after = 0) {
  const seen: number[] = [];
  const watching = client.runEvents("a/b", { after });
  for (let next = await watching.next(); ; next = await watching.next()) {
    if (next.done === true) return { seen, end: next.value };
    seen.push(next.value.seq);
  }
}

t.test("RUN-1 a stream that is cut in the middle of an event goes on behind the last whole one", async (t) => {
  const { client, asked } = await playing(
    t,
    (response) => {
      const cut = event(3);
      stream(response).write(event(1) + event(2) + cut.slice(0, cut.length - 9), () => response.destroy());
    },
    (response) => stream(response).end(`: still here\n\n${event(2)}${event(3)}${event(4)}${end}`),
  );
  t.same(await collect(client), { seen: [1, 2, 3, 4], end: { status: "succeeded", stop_state: null } });
  t.same(asked, ["0", "2"]);
});

t.test("RUN-1 characters and line ends may be split anywhere", async (t) => {
  const whole = Buffer.from((event(1) + event(2) + end).replaceAll("\n", "\r\n"));
  const { client } = await playing(t, (response) => {
    stream(response);
    let at = 0;
    const next = (): void => {
      if (at >= whole.length) response.end();
      else response.write(whole.subarray(at, (at += 1)), next);
    };
    next();
  });
  t.match(await collect(client), { seen: [1, 2] });
});

t.test("RUN-1 a busy service is asked again, a refusal is not", async (t) => {
  const { client, asked } = await playing(
    t,
    (response) => response.writeHead(503, { "content-type": "application/problem+json" }).end('{"code":"OVERLOADED"}'),
    (response) => stream(response).end(event(6) + end),
  );
  t.match(await collect(client, 5), { seen: [6] });
  t.same(asked, ["5", "5"]);
  const refusing = await playing(t, (response) =>
    response.writeHead(404, { "content-type": "application/problem+json" }).end('{"code":"NOT_FOUND","status":404}'),
  );
  await t.rejects(collect(refusing.client), { code: "NOT_FOUND" });
});

t.test("RUN-1 whoever leaves gets no more", async (t) => {
  const { client } = await playing(t, (response) => void stream(response).write(event(1)));
  const left = new AbortController();
  const watching = client.runEvents("run", { signal: left.signal });
  t.match(await watching.next(), { value: { seq: 1 } });
  left.abort();
  await t.rejects(watching.next(), { name: "AbortError" });
});

t.test(
  "RUN-1 a stream that says nothing any more is opened again, one whose reader takes its time is not",
  async (t) => {
    const { client, asked } = await playing(
      t,
      (response) => void stream(response).write(event(1)),
      // not a sleep: the server goes on for a moment, as one that is at work does
      (response) => void stream(response).write(event(2) + event(3), () => setTimeout(() => response.end(end), 20)),
    );
    const states: string[] = [];
    const watching = client.runEvents("run", { silenceMs: 150, onStream: (state) => states.push(state) });
    const seen: number[] = [];
    for await (const { seq } of watching) {
      seen.push(seq);
      // not a sleep: the reader is slower than the silence that is allowed
      if (seq === 2) await pause(400);
    }
    t.same(seen, [1, 2, 3]);
    t.same(asked, ["0", "1"]);
    t.same(states, ["open", "lost", "open"]);
  },
);

t.test("RUN-1 a service that is away for long is given up, and the watcher says that the run goes on", async (t) => {
  const lost = (response: ServerResponse): void => void response.destroy();
  const { client, asked } = await playing(t, lost, lost, lost);
  const states: string[] = [];
  const watching = client.runEvents("run", { losses: 3, onStream: (state) => states.push(state) });
  await t.rejects(watching.next(), { name: "Unavailable", code: "CONNECTION_LOST" });
  t.equal(asked.length, 3);
  t.same(states, ["lost", "lost", "lost"]);
});

t.test("RUN-1 of a run on a bad line every event comes, and comes once", async (t) => {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url } });
  const prepared = await prepareDryRun(service);
  const gateway = await gatewayTo(t, service.url);
  const client = new Client({ url: gateway.url, token: service.tokens["c1-builder"] });
  await client.startRun(prepared.body as never);
  gateway.fates = ["cut-answer", "lose-request", "cut-answer", { before: 503, retryAfter: 0 }];
  const seen: number[] = [];
  for await (const { seq } of client.runEvents(prepared.root)) seen.push(seq);
  const { status } = await client.readRun(prepared.root);
  t.equal(status, "succeeded");
  t.strictSame(
    seen,
    Array.from({ length: seen.length }, (_, index) => index + 1),
  );
  t.ok(seen.length > 8, `${seen.length} events`);
  const from = gateway.passed.flatMap(({ path, headers }) =>
    path.endsWith("/events") ? [headers["last-event-id"]] : [],
  );
  t.ok(from.length >= 5 && from[0] === "0" && Number(from.at(-1)) > 0, `opened behind ${from.join(", ")}`);
});
