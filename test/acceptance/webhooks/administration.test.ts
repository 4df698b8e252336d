import { randomUUID } from "node:crypto";
import t from "tap";
import { type Answer, setStage, startService } from "../../support/service.ts";
import { deliveriesOf, eager, eventually, lookInto, placeHolds, register, startTelling } from "../../webhooks/scene.ts";
import { isSigned, startReceiver } from "../../webhooks/receiver.ts";

t.setTimeout(120_000);

t.test("APR-8 a URL that may not be sent to is refused at once, and nothing is kept of it", async (t) => {
  const service = await startService(t, { targets: {}, config: { webhookPollMs: 0 } });
  const urls = [
    "http://hooks.example.com/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/",
    "https://user:hunter2@hooks.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com/#x",
  ];
  for (const url of urls) {
    const answer = await service.call("POST", "/v1/webhooks", { as: "admin", body: { url, events: ["*"] } });
    t.match(answer, { status: 422, body: { code: "WEBHOOK_URL_REFUSED", errors: [{ pointer: "/url" }] } }, url);
    t.notMatch(answer.text, "hunter2", "and what it has in it is not repeated");
  }
  for (const body of [
    { url: "https://hooks.example.com/", events: [] },
    { url: "https://hooks.example.com/", events: ["grant"] },
    { url: "https://hooks.example.com/", events: ["*.consumed"] },
    { url: "https://hooks.example.com/", events: ["grant.*", "grant.*"] },
    { url: "https://hooks.example.com/", events: ["GRANT.consumed"] },
    { url: "https://hooks.example.com/ x", events: ["*"] },
    { url: "ftp://hooks.example.com/", events: ["*"] },
    { url: `https://hooks.example.com/${"x".repeat(2_000)}`, events: ["*"] },
    { events: ["*"] },
  ]) {
    t.equal(
      (await service.call("POST", "/v1/webhooks", { as: "admin", body })).status,
      400,
      JSON.stringify(body).slice(0, 80),
    );
  }
  t.same((await service.call("GET", "/v1/webhooks", { as: "admin" })).body["items"], []);
});

t.test("AUDIT-1 what is done to a webhook is an event each, without its secret", async (t) => {
  const service = await startTelling(t, { config: { webhookPollMs: 0 } });
  const { id, secret } = await register(service, "https://hooks.example.com/x", ["grant.*"]);
  const path = `/v1/webhooks/${id}`;
  for (const verb of ["disable", "disable", "enable", "enable", "rotate"]) {
    t.equal((await service.call("POST", `${path}/${verb}`, { as: "admin" })).status, 200, verb);
  }
  t.match((await service.call("GET", path, { as: "admin" })).body, { status: "enabled", pending: 0, dead: 0 });
  t.equal((await service.call("DELETE", path, { as: "admin" })).status, 200);
  t.equal((await service.call("DELETE", path, { as: "admin" })).status, 404);
  t.equal((await service.call("GET", path, { as: "admin" })).status, 404);
  t.equal((await service.call("GET", `${path}/deliveries`, { as: "admin" })).status, 404);
  for (const verb of ["disable", "enable", "rotate", "deliveries/1/replay"]) {
    t.equal((await service.call("POST", `${path}/${verb}`, { as: "admin" })).status, 404, verb);
  }
  const { body, text } = await service.call("GET", `/v1/audit/events?resource_id=${id}`, { as: "auditor" });
  t.same(
    (body["items"] as unknown as { action: string }[]).map(({ action }) => action).toReversed(),
    ["webhook.registered", "webhook.disabled", "webhook.enabled", "webhook.rotated", "webhook.removed"],
    "what changes nothing is none",
  );
  t.notMatch(text, secret.slice(6));
  t.notMatch(text, "whsec_");
});

t.test(
  "operations: a dry run and a second request under the same key make no second webhook, and show the secret again",
  async (t) => {
    const service = await startTelling(t, { config: { webhookPollMs: 0 } });
    const body = { url: "https://hooks.example.com/x", events: ["*"] };
    const headers = { "idempotency-key": randomUUID() };
    const first = await service.call("POST", "/v1/webhooks", { as: "admin", body, headers });
    const again = await service.call("POST", "/v1/webhooks", { as: "admin", body, headers });
    t.equal(again.status, 201);
    t.same(again.body, first.body, "the secret too");
    t.match(first.body["secret"], /^whsec_/);
    const look = await lookInto(t, service.stage.names.superUrl);
    const kept = await look.query<{ body: string }>("SELECT body FROM idempotency_keys");
    t.equal(kept.length, 1);
    t.notMatch(kept[0]?.body, "whsec_", "what is kept has none");
    const rotateKey = { "idempotency-key": randomUUID() };
    const rotate = `/v1/webhooks/${String(first.body["id"])}/rotate`;
    const rotated = await service.call("POST", rotate, { as: "admin", headers: rotateKey });
    t.not(rotated.body["secret"], first.body["secret"]);
    t.same((await service.call("POST", rotate, { as: "admin", headers: rotateKey })).body, rotated.body);
    const stale = await service.call("POST", "/v1/webhooks", { as: "admin", body, headers });
    t.match(stale, { status: 201, body: { secret: null } }, "a secret that was replaced is not shown any more");
    t.equal((await look.query("SELECT FROM webhooks")).length, 1);
  },
);

t.test("operations: after a rotation both secrets sign for a while, and then the new one alone", async (t) => {
  const service = await startTelling(t, { config: { webhookOverlapSeconds: 3_600 } });
  const receiver = await startReceiver(t);
  const { id, secret: old } = await register(service, receiver.url, ["hold.placed"]);
  const rotated = await service.call("POST", `/v1/webhooks/${id}/rotate`, { as: "admin" });
  const present = String(rotated.body["secret"]);
  t.type(rotated.body["former_secret_until"], "string");
  await placeHolds(service, 1);
  await receiver.until((all) => all.length === 1);
  const [both] = receiver.received;
  if (both === undefined) return t.fail("nothing came");
  t.ok(isSigned(both, old), "the former secret");
  t.ok(isSigned(both, present), "the present one");
  t.equal(String(both.headers["webhook-signature"]).split(" ").length, 2);
  const look = await lookInto(t, service.stage.names.superUrl);
  await look.query("UPDATE webhooks SET former_until = clock_timestamp() WHERE id = $1", [id]);
  await placeHolds(service, 1);
  await receiver.until((all) => all.length === 2);
  const [, one] = receiver.received;
  if (one === undefined) return t.fail("nothing came");
  t.notOk(isSigned(one, old), "the former secret is over by the database's clock");
  t.ok(isSigned(one, present));
  t.equal((await service.call("GET", `/v1/webhooks/${id}`, { as: "admin" })).body["former_secret_until"], null);
});

t.test("operations: a dump of the database has no secret in it", async (t) => {
  const service = await startTelling(t, { config: { webhookPollMs: 0 } });
  const { id, secret } = await register(service, "https://hooks.example.com/x");
  const rotated = await service.call("POST", `/v1/webhooks/${id}/rotate`, { as: "admin" });
  const look = await lookInto(t, service.stage.names.superUrl);
  const rows = await look.query<{ row: string }>(
    "SELECT webhooks::text AS row FROM webhooks UNION ALL SELECT e::text FROM audit_events e UNION ALL SELECT k::text FROM idempotency_keys k",
  );
  const dump = rows.map(({ row }) => row).join("\n");
  for (const one of [secret, String(rotated.body["secret"])]) {
    const bytes = Buffer.from(one.slice(6), "base64");
    for (const form of [one, one.slice(6), bytes.toString("hex"), Buffer.from(one).toString("hex")])
      t.notMatch(dump, form);
  }
  await service.call("DELETE", `/v1/webhooks/${id}`, { as: "admin" });
  t.match(await look.query("SELECT secret, former FROM webhooks"), [{ secret: null, former: null }]);
});

t.test(
  "operations: one that is disabled is sent nothing, and loses nothing; one that is removed is forgotten",
  async (t) => {
    const service = await startTelling(t);
    const receiver = await startReceiver(t);
    const { id } = await register(service, receiver.url, ["hold.placed"]);
    await service.call("POST", `/v1/webhooks/${id}/disable`, { as: "admin" });
    const witness = await startReceiver(t);
    await register(service, witness.url, ["hold.placed"]);
    await placeHolds(service, 5);
    await witness.until((all) => all.length === 5);
    t.equal(receiver.received.length, 0);
    await service.call("POST", `/v1/webhooks/${id}/enable`, { as: "admin" });
    await receiver.until((all) => all.length === 5);
    await eventually(
      () => deliveriesOf(service, id),
      (all) => all.length === 5 && all.every(({ status }) => status === "delivered"),
    );
    const pending = await service.call("POST", `/v1/webhooks/${id}/deliveries/1/replay`, { as: "admin" });
    t.match(pending, { status: 404, body: { code: "NOT_FOUND" } });
    await service.call("DELETE", `/v1/webhooks/${id}`, { as: "admin" });
    await placeHolds(service, 1);
    await witness.until((all) => all.length === 6);
    t.equal(receiver.received.length, 5);
  },
);

t.test(
  "operations: another SERVER_KEYS in front reads what was sealed before, and a missing one is said",
  async (t) => {
    const stage = await setStage(t);
    const receiver = await startReceiver(t);
    const quiet = await startTelling(t, { stage, config: { webhookPollMs: 0 } });
    const { id, secret } = await register(quiet, receiver.url, ["hold.placed"]);
    await quiet.app.close();
    const { ServerKeys } = await import("../../../src/kernel/server-keys.ts");
    const keys = [
      { id: "k2", secret: Buffer.alloc(32, 2) },
      { id: "k1", secret: Buffer.from("Y291bnRlcnNpZ24tdGVzdC1zZXJ2ZXIta2V5LTMyYnk=", "base64") },
    ] as const;
    const service = await startTelling(t, { stage: { ...stage, keys: new ServerKeys(keys) } });
    const look = await lookInto(t, stage.names.superUrl);
    await eventually(
      () => look.query<{ secret_key_id: string }>("SELECT secret_key_id FROM webhooks"),
      ([row]) => row?.secret_key_id === "k2",
    );
    await placeHolds(service, 1);
    await receiver.until((all) => all.length === 1);
    t.ok(receiver.received[0] && isSigned(receiver.received[0], secret), "the same secret under another key");
    await look.query("UPDATE webhooks SET secret_key_id = 'lost'");
    await placeHolds(service, 1);
    const [, failed] = await eventually(
      () => deliveriesOf(service, id),
      (all) => all.length === 2 && all[1]?.["error"] !== null,
    );
    t.match(failed, { status: "pending", error: /SERVER_KEYS/, answer_status: null });
    t.equal(receiver.received.length, 1);
  },
);

t.test("OPEN-6 the doctor and the metrics say what does not get through", async (t) => {
  const service = await startTelling(t, { config: { webhookAttempts: 1 } });
  const receiver = await startReceiver(t, (_, response) => void response.writeHead(500).end());
  const { id } = await register(service, receiver.url, ["hold.placed"]);
  await placeHolds(service, 2);
  await eventually(
    () => deliveriesOf(service, id, "dead"),
    (all) => all.length === 2,
  );
  const findings = (answer: Answer) =>
    (answer.body["findings"] as unknown as { code: string; subject: string }[]).filter(({ code }) =>
      code.startsWith("WEBHOOK"),
    );
  t.match(findings(await service.call("GET", "/v1/doctor", { as: "operator" })), [
    { code: "WEBHOOK_DEAD_LETTERS", subject: id, detail: /^2 events/ },
  ]);
  t.match((await service.call("GET", "/metrics")).text, /countersign_webhook_deliveries_dead 2/);
  await service.call("POST", `/v1/webhooks/${id}/disable`, { as: "admin" });
  t.same(findings(await service.call("GET", "/v1/doctor", { as: "operator" })), []);
});

t.test("operations: there are no more than a hundred", async (t) => {
  const service = await startService(t, { targets: {}, config: { ...eager, webhookPollMs: 0 } });
  const look = await lookInto(t, service.stage.names.superUrl);
  await look.query(
    `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by)
     SELECT 'https://hooks.example.com/', '{*}', decode(repeat('00', 60), 'hex'), 'k1', 'admin' FROM generate_series(1, 100)`,
  );
  const body = { url: "https://hooks.example.com/", events: ["*"] };
  t.match(await service.call("POST", "/v1/webhooks", { as: "admin", body }), {
    status: 409,
    body: { code: "WEBHOOK_LIMIT" },
  });
  const first = await service.call("GET", "/v1/webhooks?limit=60", { as: "admin" });
  const second = await service.call("GET", `/v1/webhooks?limit=60&cursor=${String(first.body["next_cursor"])}`, {
    as: "admin",
  });
  const ids = [first, second].flatMap(({ body: page }) =>
    (page["items"] as unknown as { id: string }[]).map((one) => one.id),
  );
  t.equal(new Set(ids).size, 100, "the list has each once");
});
