import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { serviceCaller } from "../../../src/kernel/caller.ts";
import { appendEvent } from "../../../src/evidence/index.ts";
import type { Database } from "../../../src/database/index.ts";
import { setStage, spawnService, startService } from "../../support/service.ts";
import { eagerly, eventually, lookInto, register } from "../../webhooks/scene.ts";
import { type Received, startReceiver } from "../../webhooks/receiver.ts";

t.setTimeout(200_000);

const resources = 12;
const each = 10;

/** Events of several resources, each with its own history, written by several writers at once. */
async function writeHistory(database: Database): Promise<void> {
  const caller = serviceCaller("test");
  await Promise.all(
    Array.from({ length: resources }, async (_, resource) => {
      for (let n = 1; n <= each; n += 1) {
        await database.transact((tx) =>
          appendEvent(tx, caller, {
            action: "thing.changed",
            resourceType: "thing",
            resourceId: `thing-${resource}`,
            after: { n },
          }),
        );
      }
    }),
  );
}

/** The resources of which something came before what had happened before it. A repeat of what was there is none. */
function disordered(received: readonly Received[]): string[] {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  const wrong = new Set<string>();
  for (const { id, message } of received) {
    if (seen.has(id)) continue;
    seen.add(id);
    const { resource_id, seq } = message.data;
    if (seq < (last.get(resource_id) ?? 0)) wrong.add(resource_id);
    last.set(resource_id, seq);
  }
  return [...wrong];
}

const whole = (received: readonly Received[]): boolean =>
  new Set(received.map(({ id }) => id)).size === resources * each;

/** Answers late and not always well, so that whoever sends two at once mixes them up. */
function moody(): (one: Received, response: { writeHead(status: number): { end(): void } }) => Promise<void> {
  let asked = 0;
  return async (_, response) => {
    asked += 1;
    const sick = asked % 7 === 0;
    // not a sleep: a receiver that takes its time.
    await pause(Math.random() * 30);
    if (sick) response.writeHead(500).end();
  };
}

t.test(
  "operations: three processes send what happens to a resource in its order, each thing at least once",
  async (t) => {
    const stage = await setStage(t);
    const receiver = await startReceiver(t);
    // A receiver has taken what it answered 2xx: only that is looked at.
    const taken: Received[] = [];
    const mood = moody();
    receiver.behave(async (one, response) => {
      let well = true;
      await mood(one, { writeHead: (status) => ((well = false), response.writeHead(status)) });
      if (well) taken.push(one);
    });
    const processes = await Promise.all([1, 2, 3].map(() => spawnService(t, stage, eagerly)));
    const [first] = processes;
    if (first === undefined) return t.fail("no process");
    await register(first, receiver.url, ["thing.*"]);
    await writeHistory(stage.database);
    await eventually(async () => taken, whole);
    t.same(disordered(taken), [], `${taken.length} taken of ${receiver.received.length} sent`);
    const workers = await (await lookInto(t, stage.names.superUrl)).query<{ attempts: number }>(
      "SELECT sum(attempts)::int AS attempts FROM webhook_deliveries WHERE status = 'delivered'",
    );
    t.ok((workers[0]?.attempts ?? 0) >= resources * each);
  },
);

t.test("operations: the check finds a sender that has no order of its own (control)", async (t) => {
  const stage = await setStage(t);
  const receiver = await startReceiver(t);
  const taken: Received[] = [];
  const mood = moody();
  receiver.behave(async (one, response) => {
    let well = true;
    await mood(one, { writeHead: (status) => ((well = false), response.writeHead(status)) });
    if (well) taken.push(one);
  });
  await writeHistory(stage.database);
  const look = await lookInto(t, stage.names.superUrl);
  const events = await look.query<{ seq: string; resource_id: string }>(
    "SELECT seq, resource_id FROM audit_events WHERE action = 'thing.changed' ORDER BY seq",
  );
  // Eight at once, each event for itself, tried again until it is taken: what a queue without a key for each resource does.
  const queue = [...events];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const data = { seq: Number(event.seq), resource_id: event.resource_id, resource_type: "thing" };
        const body = JSON.stringify({ type: "thing.changed", timestamp: "", data });
        const headers = { "webhook-id": event.seq };
        let status: number;
        do ({ status } = await fetch(receiver.url, { method: "POST", body, headers }));
        while (status >= 300);
      }
    }),
  );
  t.ok(whole(taken));
  t.not(disordered(taken).length, 0, "resources are out of order");
});

t.test("operations: the delivery of a process that is killed is made by another", async (t) => {
  const stage = await setStage(t);
  const held = new AbortController();
  const receiver = await startReceiver(t);
  receiver.behave(async (_, response) => {
    // not a sleep: until the process that asked is gone.
    while (!held.signal.aborted && !response.destroyed) await pause(20);
  });
  const doomed = await spawnService(t, stage, { ...eagerly, WEBHOOK_TIMEOUT_MS: "20000" });
  await register(doomed, receiver.url, ["thing.*"]);
  const caller = serviceCaller("test");
  const happen = (n: number) =>
    stage.database.transact((tx) =>
      appendEvent(tx, caller, { action: "thing.changed", resourceType: "thing", resourceId: "one", after: { n } }),
    );
  const look = await lookInto(t, stage.names.superUrl);
  await happen(1);
  await happen(2);
  await receiver.until((all) => all.length === 1);
  await eventually(
    () => look.query("SELECT FROM webhook_deliveries"),
    (rows) => rows.length === 2,
  );
  await doomed.kill("SIGKILL");
  held.abort();
  t.match(
    await look.query("SELECT status, attempts, lease IS NOT NULL AS leased FROM webhook_deliveries ORDER BY event_seq"),
    [
      { status: "pending", attempts: 1, leased: true },
      { status: "pending", attempts: 0, leased: false },
    ],
  );
  // The time that the killed one had is over sooner than the test would wait for it.
  await look.query("UPDATE webhook_deliveries SET lease_until = clock_timestamp() WHERE lease IS NOT NULL");
  await spawnService(t, stage, eagerly);
  await eventually(
    () => look.query<{ status: string }>("SELECT status FROM webhook_deliveries"),
    (rows) => rows.every(({ status }) => status === "delivered"),
  );
  t.same(
    receiver.received.map(({ message }) => (message.data["after"] as { n: number }).n),
    [1, 1, 2],
    "the first again, under the same id, and then the second",
  );
  t.equal(receiver.received[0]?.id, receiver.received[1]?.id);
});

t.test("operations: a stop breaks an attempt off, counts it for none, and the next start goes on", async (t) => {
  const stage = await setStage(t);
  const receiver = await startReceiver(t);
  const held = new AbortController();
  receiver.behave(async (_, response) => {
    // not a sleep: until the process that asked is gone.
    while (!held.signal.aborted && !response.destroyed) await pause(20);
  });
  const first = await spawnService(t, stage, { ...eagerly, WEBHOOK_TIMEOUT_MS: "60000" });
  await register(first, receiver.url, ["thing.*"]);
  await stage.database.transact((tx) =>
    appendEvent(tx, serviceCaller("test"), { action: "thing.changed", resourceType: "thing", resourceId: "one" }),
  );
  await receiver.until((all) => all.length === 1);
  await first.kill("SIGTERM");
  t.equal(first.child.exitCode, 0, "it ends by itself");
  const look = await lookInto(t, stage.names.superUrl);
  t.match(await look.query("SELECT status, attempts, lease FROM webhook_deliveries"), [
    { status: "pending", attempts: 0, lease: null },
  ]);
  held.abort();
  await startService(t, {
    stage,
    targets: {},
    config: { webhookPollMs: 20, webhookAllowNetworks: ["127.0.0.0/8"], webhookAllowHttp: "private" },
  });
  await receiver.until((all) => all.length === 2);
  t.equal(receiver.received[0]?.id, receiver.received[1]?.id);
});
