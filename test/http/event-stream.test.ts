import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import Type from "typebox";
import { serverSentEvent } from "../../src/http/event-stream.ts";
import { defineRoute, type Route } from "../../src/http/index.ts";
import { bearer, type HarnessOptions, startHarness, TestProblem } from "./harness.ts";

/** What a test makes of the pieces of a stream. */
type Pieces = (signal: AbortSignal) => AsyncGenerator<string>;

const follow = (pieces: Pieces): Route =>
  defineRoute({
    method: "GET",
    url: "/v1/things/:thing_id/events",
    access: ["executor"],
    summary: "Follows a thing",
    tags: ["things"],
    schema: {
      params: Type.Object({ thing_id: Type.String({ maxLength: 50 }) }),
      responses: { 200: Type.Object({ as: Type.String() }, { additionalProperties: false }) },
    },
    handle: async () => ({ status: 200, body: { as: "json" } }),
    stream: (_input, signal) => pieces(signal),
  });

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A service with one stream. @returns what asks for it */
async function serve(t: Test, pieces: Pieces, options: HarnessOptions = {}) {
  const harness = await startHarness(t, { routes: [follow(pieces)], ...options });
  const url = await harness.app.listen({ port: 0, host: "127.0.0.1" });
  const ask = ({ headers, ...init }: Asked = {}): Promise<Response> =>
    fetch(`${url}/v1/things/t1/events`, {
      ...init,
      headers: { ...bearer("executor"), accept: "text/event-stream", ...headers },
    });
  return { app: harness.app, ask, log: () => harness.log() };
}

/** Waits until the signal is aborted. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

async function* three(): AsyncGenerator<string> {
  yield serverSentEvent("one", { n: 1 }, 1);
  yield ": still here\n\n";
  yield serverSentEvent("end", { n: 3 });
}

t.test("RUN-1 the wire form of an event: its number, its name, and its data on one line", (t) => {
  t.equal(serverSentEvent("state_ok", { seq: 7 }, 7), 'id: 7\nevent: state_ok\ndata: {"seq":7}\n\n');
  t.equal(serverSentEvent("end", null), "event: end\ndata: null\n\n", "an event without a number moves no position");
  const lines = serverSentEvent("x", { text: "a\nb\r\nid: 9\n\nevent: forged\u2028" }, 1).split("\n");
  t.equal(lines.length, 5, "a line end in the data starts no line of its own");
  t.match(lines.at(-1), /^$/);
  t.end();
});

t.test("RUN-1 events go to who asks for them, and JSON to everybody else", async (t) => {
  const { ask } = await serve(t, three);
  const answer = await ask();
  t.equal(answer.status, 200);
  t.match(Object.fromEntries(answer.headers), {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "x-request-id": /./,
    "x-content-type-options": "nosniff",
  });
  t.equal(await answer.text(), 'id: 1\nevent: one\ndata: {"n":1}\n\n: still here\n\nevent: end\ndata: {"n":3}\n\n');
  for (const accept of ["text/event-stream;q=0.5", "application/json;q=0.1, text/event-stream"]) {
    t.match((await ask({ headers: { accept } })).headers.get("content-type"), /event-stream/, accept);
  }
  for (const accept of ["*/*", "application/json", "application/json, text/event-stream", "text/event-stream;q=0"]) {
    const json = await ask({ headers: { accept } });
    t.match([json.status, await json.json()], [200, { as: "json" }], accept);
  }
});

t.test("RUN-1 what refuses before the first event is a problem document", async (t) => {
  const { ask, log } = await serve(t, async function* refuse() {
    yield await Promise.reject<string>(new TestProblem("LEASE_HELD", "Not now."));
  });
  const refused = await ask();
  t.equal(refused.status, 409);
  t.match(refused.headers.get("content-type"), /^application\/problem\+json/);
  t.match(await refused.json(), { code: "LEASE_HELD", status: 409, instance: "/v1/things/t1/events" });
  t.match((await ask({ headers: bearer("operator") })).status, 403, "the role is looked at as everywhere");
  t.match((await ask({ headers: { authorization: "" } })).status, 401);
  t.match(log(), /"code":"LEASE_HELD"/, "the log has it");
});

t.test("RUN-1 a fault in the middle of a stream cuts it: nobody takes it for the end", async (t) => {
  const { ask, log } = await serve(t, async function* torn() {
    yield serverSentEvent("one", {}, 1);
    throw new Error("the database is gone: password=hunter2");
  });
  const answer = await ask();
  t.equal(answer.status, 200);
  await t.rejects(answer.text(), "the connection breaks off");
  t.match(log(), /hunter2/, "what it was is for the log");
});

t.test("operations: a stream ends when the service drains, and the close waits for no watcher", async (t) => {
  const closing = new AbortController();
  let watching = 0;
  const { app, ask } = await serve(
    t,
    async function* open(signal) {
      watching += 1;
      yield serverSentEvent("one", {}, 1);
      await untilAborted(signal);
      watching -= 1;
    },
    { closing: closing.signal },
  );
  const answers = await Promise.all([ask(), ask(), ask()]);
  t.equal(watching, 3);
  closing.abort();
  for (const answer of answers) t.equal(await answer.text(), "id: 1\nevent: one\ndata: {}\n\n", "a proper end");
  t.equal(watching, 0);
  await app.close();
});

t.test("operations: whoever goes away is noticed, in the middle and before the first event", async (t) => {
  const [noticed, entered] = [Promise.withResolvers<string>(), Promise.withResolvers<undefined>()];
  const middle = await serve(t, async function* open(signal) {
    yield serverSentEvent("one", {}, 1);
    await untilAborted(signal);
    noticed.resolve("in the middle");
  });
  const leaving = new AbortController();
  const answer = await middle.ask({ signal: leaving.signal });
  leaving.abort();
  await t.rejects(answer.text());
  t.equal(await noticed.promise, "in the middle");

  const ended = Promise.withResolvers<string>();
  const before = await serve(t, async function* slow(signal) {
    entered.resolve(undefined);
    await untilAborted(signal);
    ended.resolve("before the first");
    yield ": nobody reads this\n\n";
  });
  const impatient = new AbortController();
  const pending = before.ask({ signal: impatient.signal });
  await entered.promise;
  impatient.abort();
  await t.rejects(pending);
  t.equal(await ended.promise, "before the first");
});

t.test("operations: the time that a request may take does not cut a stream that is longer", async (t) => {
  const requestTimeoutMs = 50;
  const { ask } = await serve(
    t,
    async function* patient() {
      yield serverSentEvent("one", {}, 1);
      // not a sleep: time itself is tested, several times what another request may take
      await pause(requestTimeoutMs * 6);
      yield serverSentEvent("end", {});
    },
    { config: { requestTimeoutMs } },
  );
  t.match(await (await ask()).text(), /event: one[^]*event: end/);
});

t.test("RUN-1 HEAD of a stream answers its headers, and keeps nothing open", async (t) => {
  let open = 0;
  const { app, ask } = await serve(t, async function* endless(signal) {
    open += 1;
    yield serverSentEvent("one", {}, 1);
    await untilAborted(signal);
    open -= 1;
  });
  const head = await ask({ method: "HEAD" });
  t.match([head.status, await head.text()], [200, ""]);
  await app.close();
  t.equal(open, 0);
});
