import pg from "pg";
import t from "tap";
import { type Owner, type Stage, setStage } from "../support/service.ts";
import { type Look, lookInto } from "./scene.ts";

t.setTimeout(60_000);

interface Scene {
  readonly stage: Stage;
  readonly app: Look;
  readonly superuser: Look;
  readonly webhook: string;
}

/** A webhook with one delivery that waits and one that was made, as a superuser leaves them. */
async function setScene(t: Owner): Promise<Scene> {
  const stage = await setStage(t);
  const superuser = await lookInto(t, stage.names.superUrl);
  const [row] = await superuser.query<{ id: string }>(
    `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by)
     VALUES ('https://hooks.example.com/', '{*}', decode(repeat('00', 60), 'hex'), 'k1', 'admin') RETURNING id`,
  );
  const webhook = row?.id ?? "";
  await superuser.query(
    `INSERT INTO webhook_deliveries (webhook_id, event_seq, occurred_at, action, resource_type, resource_id, lane, status, ended_at)
     SELECT $1::uuid, n, now(), 'x.y', 'x', 'x', 'webhook:' || $1::text || ':' || repeat('0', 64), CASE n WHEN 3 THEN 'delivered' ELSE 'pending' END,
            CASE n WHEN 3 THEN now() END FROM generate_series(1, 3) AS n`,
    [webhook],
  );
  return { stage, app: await lookInto(t, stage.names.appUrl), superuser, webhook };
}

async function refusal(look: Look, text: string, values: unknown[] = []): Promise<string> {
  try {
    await look.query(text, values);
    return "it was done";
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return error.constraint ?? error.code ?? "";
  }
}

const denied = "42501";

t.test("operations: where a webhook goes, and how far it was told, is not changed behind its back", async (t) => {
  const { app, superuser, webhook } = await setScene(t);
  for (const column of ["url = 'https://x.example.com/'", "events = '{x.y}'", "created_by = 'x'"]) {
    t.equal(await refusal(app, `UPDATE webhooks SET ${column}`), denied, column);
    t.equal(await refusal(superuser, `UPDATE webhooks SET ${column}`), "webhook_immutable", column);
  }
  await app.query("UPDATE webhooks SET cursor_seq = 5");
  t.equal(await refusal(app, "UPDATE webhooks SET cursor_seq = 4"), "cursor_grows");
  t.equal(await refusal(app, "DELETE FROM webhooks"), denied);
  t.equal(await refusal(superuser, "DELETE FROM webhooks"), "never_deleted");
  t.equal(await refusal(superuser, "TRUNCATE webhooks CASCADE"), "never_truncated");
  for (const url of ["ftp://x", "javascript:1", "https://a b"]) {
    const insert = `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by) VALUES ($1, '{*}', decode(repeat('00', 60), 'hex'), 'k1', 'x')`;
    t.equal(await refusal(app, insert, [url]), "url_form");
  }
  const patterned = `INSERT INTO webhooks (url, events, secret, secret_key_id, created_by) VALUES ('https://x', $1, decode(repeat('00', 60), 'hex'), 'k1', 'x')`;
  for (const events of ["{}", "{a}", '{"a.b,*"}', "{a.b,NULL}", '{""}', "{*.b}"]) {
    t.equal(await refusal(app, patterned, [events]), events === '{"a.b,*"}' ? "it was done" : "events_form", events);
  }
  const removal = "removed_at = now(), removed_by = 'x'";
  t.equal(await refusal(app, `UPDATE webhooks SET ${removal} WHERE id = $1`, [webhook]), "secret_whole");
  await app.query(`UPDATE webhooks SET ${removal}, secret = NULL, secret_key_id = NULL WHERE id = $1`, [webhook]);
  t.equal(
    await refusal(app, "UPDATE webhooks SET removed_at = NULL, removed_by = NULL WHERE id = $1", [webhook]),
    "removal_final",
  );
});

t.test(
  "operations: two of one resource are never under way at once, and only who sends says how it ended",
  async (t) => {
    const { app, superuser } = await setScene(t);
    const lease = "lease = gen_random_uuid(), lease_until = now() + interval '1 minute'";
    for (const look of [app, superuser]) {
      t.equal(
        await refusal(look, "UPDATE webhook_deliveries SET status = 'delivered', ended_at = now() WHERE event_seq = 1"),
        "delivery_transition",
      );
    }
    await app.query(`UPDATE webhook_deliveries SET ${lease} WHERE event_seq = 1`);
    t.equal(await refusal(app, `UPDATE webhook_deliveries SET ${lease} WHERE event_seq = 2`), "webhook_lane_sent_once");
    t.equal(await refusal(app, `UPDATE webhook_deliveries SET ${lease} WHERE event_seq = 3`), "only_pending_sent");
    await app.query(
      "UPDATE webhook_deliveries SET status = 'dead', ended_at = now(), lease = NULL, lease_until = NULL WHERE event_seq = 1",
    );
    const back = "status = 'pending', ended_at = NULL";
    t.equal(await refusal(app, `UPDATE webhook_deliveries SET ${back} WHERE event_seq = 1`), "delivery_transition");
    t.equal(
      await refusal(app, "UPDATE webhook_deliveries SET status = 'delivered' WHERE event_seq = 1"),
      "delivery_transition",
    );
    await app.query(`UPDATE webhook_deliveries SET ${back}, replays = replays + 1 WHERE event_seq = 1`);
  },
);

t.test("operations: what waits, or is dead, is not forgotten, and what is delivered only after a day", async (t) => {
  const { app, superuser, webhook } = await setScene(t);
  for (const look of [app, superuser]) {
    for (const seq of [1, 3])
      t.equal(await refusal(look, "DELETE FROM webhook_deliveries WHERE event_seq = $1", [seq]), "delivery_kept");
  }
  t.equal(await refusal(app, "UPDATE webhook_deliveries SET resource_id = 'y'"), denied);
  t.equal(await refusal(superuser, "UPDATE webhook_deliveries SET resource_id = 'y'"), "delivery_immutable");
  await superuser.query("UPDATE webhook_deliveries SET ended_at = now() - interval '2 days' WHERE event_seq = 3");
  await app.query("DELETE FROM webhook_deliveries WHERE event_seq = 3");
  await superuser.query(
    "UPDATE webhooks SET removed_at = now(), removed_by = 'x', secret = NULL, secret_key_id = NULL WHERE id = $1",
    [webhook],
  );
  await app.query("DELETE FROM webhook_deliveries");
});

t.test(
  "AUDIT-2 the horizon of the relay is where numbers are, and final only when all behind it is over",
  async (t) => {
    const { app, superuser, stage } = await setScene(t);
    const { client: late } = await lookInto(t, stage.names.appUrl);
    t.equal(await refusal(app, "UPDATE webhook_relay SET final_seq = 1"), "order_final");
    t.equal(
      await refusal(app, "UPDATE webhook_relay SET horizon_seq = 1000000, horizon_xid = pg_current_xact_id()"),
      "horizon_drawn",
    );
    t.equal(await refusal(app, "UPDATE webhook_relay SET horizon_seq = 1, horizon_xid = '3'"), "horizon_drawn");
    await late.query("BEGIN");
    await late.query("SELECT pg_current_xact_id(), nextval('audit_events_seq')");
    await app.query(
      "UPDATE webhook_relay SET horizon_seq = (SELECT last_value FROM audit_events_seq), horizon_xid = pg_current_xact_id()",
    );
    for (const look of [app, superuser])
      t.equal(await refusal(look, "UPDATE webhook_relay SET final_seq = horizon_seq"), "order_final");
    await late.query("COMMIT");
    // Transactions of other tests on this server are waited for as well.
    while ((await refusal(app, "UPDATE webhook_relay SET final_seq = horizon_seq")) !== "it was done");
    t.equal(await refusal(app, "UPDATE webhook_relay SET final_seq = final_seq - 1"), "horizon_grows");
    t.equal(await refusal(app, "DELETE FROM webhook_relay"), denied);
    t.equal(await refusal(app, "INSERT INTO webhook_relay DEFAULT VALUES"), denied);
  },
);
