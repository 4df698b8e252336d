import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { usableKey } from "../../support/commit.ts";
import { expectStatus } from "../../support/flow.ts";
import { follow, type Message, seqs, upTo, type Watch } from "../../support/follow.ts";
import { holdGate } from "../../support/gate.ts";
import {
  manifest,
  prepareCommit,
  prepareDryRun,
  startRun,
  type Target,
  untilRun,
  useTarget,
} from "../../support/runs.ts";
import { type InProcess, type Service, setStage, type Stage, startService } from "../../support/service.ts";

t.setTimeout(240_000);

/** All events of a run by polling, page by page. */
async function poll(service: Service, root: string, limit: number): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (;;) {
    const path = `/v1/runs/${root}/events?limit=${limit}&after=${items.length}`;
    const page = await expectStatus(service.call("GET", path, { as: "auditor" }), 200);
    const more = page.body["items"] as unknown as Record<string, unknown>[];
    items.push(...more);
    if (more.length < limit) return items;
  }
}

async function place(t: Test, config: object = {}): Promise<{ target: Target; service: InProcess }> {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150, ...config } });
  return { target, service };
}

/** A service that answers and works on nothing, beside whoever works. */
const front = (t: Test, stage: Stage, config: object = {}): Promise<InProcess> =>
  startService(t, { stage, targets: {}, config: { runConcurrency: 0, maxEventLoopDelayMs: 0, ...config } });

t.test("RUN-1 the stream of a run is all of its progress in order, and polling gives the same", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service, { manifest: manifest(3) });
  await expectStatus(startRun(service, prepared), 202);
  const { response, messages, rest } = await follow(service, prepared.root);
  t.match(response.headers.get("content-type"), "text/event-stream");
  t.equal(rest, "", "nothing is left half-said");
  const last = messages.at(-1);
  t.strictSame(last, { id: undefined, event: "end", data: { status: "succeeded", stop_state: null } });
  const told = messages.slice(0, -1);
  t.strictSame(seqs(told), upTo(told.length), "numbered from one, without gaps");
  t.ok(told.every(({ id, event, data }) => id === String(data["seq"]) && event === data["event"]));
  t.strictSame([told[0]?.event, told.at(-1)?.event], ["run_started", "run_succeeded"]);
  const done = told.filter(({ event }) => event === "state_ok").map(({ data }) => data["state"]);
  t.strictSame(done, ["S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7"]);
  for (const limit of [1, 2, 7, 200]) {
    t.strictSame(
      await poll(service, prepared.root, limit),
      told.map(({ data }) => data),
      `in pages of ${limit}`,
    );
  }
  t.equal(await storedEvents(service, prepared.root), told.length, "as the database has it");
  t.notMatch(JSON.stringify(told), /cl_k1\./, "no lease token is in it");
});

async function storedEvents(service: InProcess, root: string): Promise<number> {
  const { rowCount } = await service.stage.database.transact((tx) =>
    tx.query("SELECT FROM c1_build_run_event WHERE idempotency_root = $1", [root]),
  );
  return rowCount;
}

t.test("RUN-1 a watcher goes on behind any event, without loss and without doubles", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service, { manifest: manifest(3) });
  await expectStatus(startRun(service, prepared), 202);
  await untilRun(service, prepared.root);
  const whole = (await follow(service, prepared.root)).messages;
  const count = whole.length - 1;
  for (let position = 0; position <= count; position += 1) {
    const rest = whole.slice(position);
    t.strictSame(
      (await follow(service, prepared.root, { lastEventId: position })).messages,
      rest,
      `behind ${position}`,
    );
    t.strictSame((await follow(service, prepared.root, { after: position })).messages, rest);
  }
  t.strictSame(
    (await follow(service, prepared.root, { lastEventId: 3, after: 1 })).messages,
    whole.slice(3),
    "the header counts",
  );
  t.strictSame((await follow(service, prepared.root, { lastEventId: "" })).messages, whole, "an empty one is none");
  t.strictSame((await follow(service, prepared.root, { lastEventId: 999_999 })).messages, whole.slice(-1));
});

t.test("RUN-1 a watcher that is cut off after each event has seen a live run once and whole", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareCommit(service, { manifest: manifest(3) });
  await expectStatus(startRun(service, prepared), 202);
  const seen: Message[] = [];
  for (let connections = 0; seen.at(-1)?.event !== "end" && connections < 200; connections += 1) {
    const last = seqs(seen).at(-1);
    const { messages } = await follow(service, prepared.root, {
      ...(last === undefined ? {} : { lastEventId: last }),
      leaveAfter: 1 + (connections % 2),
    });
    seen.push(...messages);
  }
  t.strictSame(seqs(seen), upTo(seen.length - 1));
  t.strictSame(
    seen.slice(0, -1).map(({ data }) => data),
    await poll(service, prepared.root, 200),
  );
});

t.test("RUN-1 what is no position is a clear 400, and no run a 404, as problem documents", async (t) => {
  const { service } = await place(t, { runConcurrency: 0 });
  const prepared = await prepareDryRun(service);
  await expectStatus(startRun(service, prepared), 202);
  const ask = (path: string, headers: Record<string, string> = {}) =>
    service.call("GET", `/v1/runs/${path}`, { as: "auditor", headers: { accept: "text/event-stream", ...headers } });
  for (const id of [
    "-1",
    "+1",
    "1.5",
    "1e3",
    "0x1",
    "abc",
    "1 2",
    "1,2",
    "²",
    "1".repeat(16),
    "null",
    "9".repeat(400),
  ]) {
    const refused = await ask(`${prepared.root}/events`, { "last-event-id": id });
    t.match([refused.status, refused.body], [400, { code: "INVALID_REQUEST", detail: /Last-Event-ID/ }], id);
    t.match(refused.headers.get("content-type"), /^application\/problem\+json/);
  }
  for (const after of ["-1", "1.5", "01", "", "x", "9007199254740992", "1&after=2"]) {
    const refused = await ask(`${prepared.root}/events?after=${after}`);
    t.match([refused.status, refused.body], [400, { code: "INVALID_REQUEST", errors: [{ pointer: "?after" }] }], after);
  }
  const none = await ask("none/events");
  t.match([none.status, none.body], [404, { code: "NOT_FOUND", instance: "/v1/runs/none/events" }]);
  t.match((await ask("none/events", { "last-event-id": "5" })).status, 404);
  t.equal(
    (await service.call("GET", `/v1/runs/${prepared.root}/events`, { headers: { accept: "text/event-stream" } }))
      .status,
    401,
  );
});

t.test("RUN-3 a stream says how a run stopped, and one that is taken up again goes on where it was", async (t) => {
  const { target, service } = await place(t);
  await target.query("CREATE SCHEMA c1 CREATE TABLE stray (a int)");
  const prepared = await prepareCommit(service, { manifest: manifest(2) });
  await expectStatus(startRun(service, prepared), 202);
  const first = (await follow(service, prepared.root)).messages;
  t.match(first.at(-1), { event: "end", data: { status: "stopped", stop_state: "ABORT" } });
  t.match(first.at(-2), {
    event: "run_stopped",
    data: { detail: { stop_state: "ABORT", error: { code: "SCHEMA_DIGEST_MISMATCH" } } },
  });
  await target.query("DROP SCHEMA c1 CASCADE");
  await expectStatus(service.call("POST", `/v1/runs/${prepared.root}/resume`, { as: "c1-builder" }), 202);
  const known = seqs(first).at(-1) ?? 0;
  const second = (await follow(service, prepared.root, { lastEventId: known })).messages;
  t.match(second[0], { event: "run_resumed" });
  t.strictSame(seqs([...first, ...second]), upTo(first.length + second.length - 2));
  t.match(second.at(-1), { event: "end", data: { status: "succeeded" } });
});

t.test("operations: many watchers at once see the same, and keep nobody else waiting", async (t) => {
  const { target, service } = await place(t);
  const key = await usableKey(service);
  await expectStatus(
    startRun(service, await prepareCommit(service, { manifest: manifest(2) }, { key, root: "first" })),
    202,
  );
  await untilRun(service, "first");
  const prepared = await prepareCommit(service, { manifest: manifest(4) }, { key });
  const gate = await holdGate(t, target.superUrl, "LOCK TABLE c1.operation_vocabulary IN SHARE MODE");
  await expectStatus(startRun(service, prepared), 202);
  await gate.waitedFor();
  const watched = await front(t, service.stage, { poolSize: 4 });
  const watching = Promise.all(Array.from({ length: 100 }, () => follow(watched, prepared.root)));
  let slowest = 0;
  for (let looks = 0; looks < 30; looks += 1) {
    const asked = performance.now();
    await expectStatus(watched.call("GET", `/v1/runs/${prepared.root}`, { as: "auditor" }), 200);
    slowest = Math.max(slowest, performance.now() - asked);
  }
  t.ok(slowest < 3_000, `others waited ${Math.round(slowest)} ms at most`);
  await gate.open();
  const all = (await watching).map(({ messages }) => messages);
  t.match(all[0]?.at(-1), { event: "end", data: { status: "succeeded" } });
  for (const messages of all) t.strictSame(messages, all[0]);
  t.equal((await expectStatus(watched.call("GET", "/readyz"), 200)).status, 200);
});

/** Watchers of whom each has seen something. */
async function started(service: Service, root: string, count: number, watch: Watch = {}) {
  const watching = Array.from({ length: count }, () => {
    const seen = Promise.withResolvers<undefined>();
    return {
      followed: follow(service, root, { ...watch, onMessage: () => seen.resolve(undefined) }),
      seen: seen.promise,
    };
  });
  await Promise.all(watching.map(({ seen }) => seen));
  return watching;
}

t.test("operations: a service that drains ends its streams, and they go on at another", async (t) => {
  const stage = await setStage(t);
  const target = await useTarget(t);
  const draining = await front(t, stage);
  const prepared = await prepareDryRun(draining, { manifest: manifest(3) });
  await expectStatus(startRun(draining, prepared), 202);
  const watching = await started(draining, prepared.root, 3);
  const began = performance.now();
  await draining.app.close();
  t.ok(performance.now() - began < 5_000, "nobody waits for the watchers");
  const worker = await startService(t, { stage, targets: { default: target.url }, config: { runPollMs: 150 } });
  for (const { messages, rest } of await Promise.all(watching.map(({ followed }) => followed))) {
    t.strictSame(
      [rest, messages.map(({ event }) => event)],
      ["", ["run_started"]],
      "cut off properly, and not told that it is over",
    );
    const more = (await follow(worker, prepared.root, { lastEventId: seqs(messages).at(-1) ?? 0 })).messages;
    t.strictSame(seqs([...messages, ...more]), upTo(messages.length + more.length - 1));
    t.match(more.at(-1), { event: "end", data: { status: "succeeded" } });
  }
});

/** A watcher on a connection of its own, once it has seen something: `fetch` would connect again behind one that is left. */
function connectTo({ url, tokens }: Service, root: string): Promise<http.ClientRequest> {
  const headers = { authorization: `Bearer ${tokens.auditor}`, accept: "text/event-stream" };
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/v1/runs/${root}/events`, { headers, agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      response.on("error", () => undefined);
      response.once("data", () => resolve(request));
    });
  });
}

t.test("operations: a client that goes away leaves no timer, no query and no connection behind", async (t) => {
  const { service } = await place(t, { runConcurrency: 0, poolSize: 2 });
  const prepared = await prepareDryRun(service);
  await expectStatus(startRun(service, prepared), 202);
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      service.app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  const until = async (holds: () => Promise<boolean> | boolean, what: string): Promise<void> => {
    const deadline = performance.now() + 10_000;
    let held = await holds();
    while (!held && performance.now() < deadline) {
      // not a sleep: the pause between two looks at a condition
      await pause(25);
      held = await holds();
    }
    t.ok(held, what);
  };
  const asking = async (): Promise<number> => {
    const { rowCount } = await service.stage.database.transact((tx) =>
      tx.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()",
      ),
    );
    return rowCount;
  };
  (await connectTo(service, prepared.root)).destroy();
  const [idle, before] = [await connections(), timers()];
  const watching = await Promise.all(Array.from({ length: 40 }, () => connectTo(service, prepared.root)));
  await until(() => timers() >= before + 20, "they are looked after");
  t.ok((await connections()) >= 40, "they are connected");
  for (const request of watching) request.destroy();
  await until(async () => (await connections()) <= idle, "none of them is connected any more");
  await until(() => timers() <= before + 4, "no timer of theirs is left");
  await until(async () => (await asking()) === 0, "nobody asks for them");
});

t.test("RUN-1 while nothing happens a watcher gets a sign of life", async (t) => {
  const { service } = await place(t, { runConcurrency: 0 });
  const prepared = await prepareDryRun(service);
  await expectStatus(startRun(service, prepared), 202);
  const { messages, comments } = await follow(service, prepared.root, { leaveAfter: 2 });
  t.strictSame([messages.length, comments], [1, [": still here"]]);
});
