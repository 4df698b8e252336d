import t from "tap";
import { deliveriesOf, eventually, lookInto, placeHolds, register, startTelling } from "../../webhooks/scene.ts";
import { hang, isSigned, startReceiver } from "../../webhooks/receiver.ts";

t.setTimeout(120_000);

t.test("AUDIT-1 a webhook is told of what happens after its registration, signed by Standard Webhooks", async (t) => {
  const service = await startTelling(t);
  const receiver = await startReceiver(t);
  await placeHolds(service, 1);
  const { id, secret } = await register(service, receiver.url, ["hold.*"]);
  const [hold] = await placeHolds(service, 1);
  await service.call("POST", `/v1/holds/${hold}/lift`, { as: "operator", body: { reason: "over" } });
  await receiver.until((all) => all.length === 2);
  const [placed, lifted] = receiver.received;
  if (placed === undefined || lifted === undefined) return t.fail("nothing came");
  t.equal(placed.message.type, "hold.placed");
  t.equal(lifted.message.type, "hold.lifted");
  t.match(placed.message.data, {
    action: "hold.placed",
    resource_type: "hold",
    resource_id: hold,
    actor: "operator",
    after: { status: "standing", environment: "none", reason: "n 0" },
    digests: {},
  });
  t.notOk("before" in placed.message.data);
  t.ok(isSigned(placed, secret), "the library of a receiver believes it");
  t.notOk(isSigned({ ...placed, body: placed.body.replace("n 0", "n 1") }, secret), "and nothing else");
  t.notOk(isSigned(placed, `whsec_${Buffer.alloc(32).toString("base64")}`));
  t.equal(placed.headers["content-type"], "application/json");
  t.match(placed.headers["user-agent"], /^countersign\/\d/);
  const all = await eventually(
    () => deliveriesOf(service, id),
    (now) => now.every(({ status }) => status === "delivered"),
  );
  t.match(all, [
    { number: placed.message.data.seq, message_id: placed.id, attempts: 1, answer_status: 204, error: null },
    { number: lifted.message.data.seq, message_id: lifted.id, attempts: 1, next_attempt_at: null },
  ]);
  t.equal(all.length, 2, "not of the hold that was placed before");
});

t.test("operations: a receiver that fails is asked again, under the same id, until it takes it", async (t) => {
  const service = await startTelling(t);
  let failures = 0;
  const receiver = await startReceiver(t, (_, response) => {
    failures += 1;
    if (failures <= 2) response.writeHead(500).end("a secret of the receiver");
  });
  const { id } = await register(service, receiver.url, ["hold.placed"]);
  await placeHolds(service, 1);
  await receiver.until((all) => all.length === 3);
  t.equal(new Set(receiver.received.map((one) => one.id)).size, 1, "one webhook-id");
  t.equal(new Set(receiver.received.map((one) => one.body)).size, 1, "one body");
  const [delivery] = await eventually(
    () => deliveriesOf(service, id),
    ([one]) => one?.status === "delivered",
  );
  t.match(delivery, { attempts: 3, answer_status: 204, error: null });
});

t.test(
  "operations: what failed for good is a dead letter; the rest of its resource goes on; it can be replayed",
  async (t) => {
    const service = await startTelling(t, { config: { webhookAttempts: 2 } });
    let sick = true;
    const receiver = await startReceiver(t, (one, response) => {
      if (sick && one.message.type === "hold.placed") response.writeHead(503).end();
    });
    const { id, secret } = await register(service, receiver.url, ["hold.*"]);
    const [hold] = await placeHolds(service, 1);
    await service.call("POST", `/v1/holds/${hold}/lift`, { as: "operator", body: {} });
    await receiver.until((all) => all.some(({ message }) => message.type === "hold.lifted"));
    t.same(
      receiver.received.map(({ message }) => message.type),
      ["hold.placed", "hold.placed", "hold.lifted"],
      "what follows waits for the last attempt, and is sent then",
    );
    const [dead] = await deliveriesOf(service, id, "dead");
    t.match(dead, { status: "dead", attempts: 2, answer_status: 503, error: "answered 503", next_attempt_at: null });
    t.match((await service.call("GET", `/v1/webhooks/${id}`, { as: "admin" })).body, { dead: 1 });
    const replay = `/v1/webhooks/${id}/deliveries/${dead?.number}/replay`;
    sick = false;
    const replayed = await service.call("POST", replay, { as: "admin" });
    t.match(replayed, { status: 200, body: { status: "pending", replays: 1, attempts: 0 } });
    await receiver.until((all) => all.length === 4);
    t.equal(receiver.received[3]?.id, receiver.received[0]?.id, "under the same id");
    t.ok(receiver.received[3] && isSigned(receiver.received[3], secret));
    await eventually(
      () => deliveriesOf(service, id),
      (all) => all.length === 2 && all.every(({ status }) => status === "delivered"),
    );
    const events = await service.call("GET", "/v1/audit/events?action=webhook.replayed", { as: "auditor" });
    t.match(events.body["items"], [
      { actor: "admin", resource_id: id, before: { status: "dead", number: dead?.number } },
    ]);
    t.match((await service.call("POST", replay.replace(/\d+\/replay/, "1/replay"), { as: "admin" })).status, 404);
  },
);

t.test("operations: one webhook that hangs keeps no other, and nothing of the service", async (t) => {
  const service = await startTelling(t, { config: { webhookConcurrency: 8, webhookEndpointConcurrency: 2 } });
  const bad = await startReceiver(t, hang);
  const good = await startReceiver(t);
  const hanging = await register(service, bad.url, ["hold.placed"]);
  await register(service, good.url, ["hold.placed"]);
  const database = await lookInto(t, service.stage.names.superUrl);
  await placeHolds(service, 40);
  await good.until((all) => all.length === 40);
  t.ok(bad.received.length < 40, "while the other one hung");
  const idle = await database.query<{ query: string }>(
    "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND clock_timestamp() - state_change > '200ms'",
  );
  t.same(idle, [], "no transaction waits for a receiver");
  const [waiting] = await eventually(
    async () => [(await service.call("GET", `/v1/webhooks/${hanging.id}`, { as: "admin" })).body],
    ([one]) => one?.["rests_until"] !== null,
  );
  t.equal(waiting?.["pending"], 40, "nothing of it is lost");
  bad.behave(() => undefined);
  await eventually(
    () => deliveriesOf(service, hanging.id),
    (all) => all.length === 40 && all.every(({ status }) => status === "delivered"),
  );
});
