import pg from "pg";
import t from "tap";
import { revokeToken } from "../../../src/principals/index.ts";
import { endOverSessions } from "../../../src/sessions/index.ts";
import { serviceCaller } from "../../../src/kernel/caller.ts";
import { CookieJar, signIn } from "../../support/cookies.ts";
import { eventually } from "../../support/data-directory.ts";
import { expectStatus } from "../../support/flow.ts";
import { type InProcess, startService } from "../../support/service.ts";

/** As if time had gone by for every session: no role of the service can do it. */
async function move(service: InProcess, changes: string): Promise<void> {
  const client = new pg.Client({ connectionString: service.stage.names.superUrl });
  await client.connect();
  try {
    await client.query("BEGIN; ALTER TABLE sessions DISABLE TRIGGER guard_session");
    await client.query(`UPDATE sessions SET ${changes}`);
    await client.query("ALTER TABLE sessions ENABLE ALWAYS TRIGGER guard_session; COMMIT");
  } finally {
    await client.end();
  }
}

const back = (by: string): string =>
  `opened_at = opened_at - interval '${by}', idle_expires_at = idle_expires_at - interval '${by}'`;

async function status(browser: CookieJar): Promise<number> {
  // Without keeping what the answer says: the cookie is tried again.
  const copy = new CookieJar(browser.service);
  for (const [name, value] of browser.cookies) copy.cookies.set(name, value);
  return (await copy.call("GET", "/v1/session")).status;
}

async function reasons(service: InProcess): Promise<unknown[]> {
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query<{ end_reason: string | null }>("SELECT end_reason FROM sessions ORDER BY opened_at"),
  );
  return rows.map(({ end_reason }) => end_reason);
}

t.test("APR-8 a session ends when nothing was asked for long enough, and asking keeps it awake", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "operator");
  await move(service, back("14 minutes"));
  const awake = await browser.call("GET", "/v1/session");
  const left = Date.parse(String(awake.body["idle_expires_at"])) - Date.parse(String(awake.body["now"]));
  t.ok(left > 890_000, `it may idle as long again: ${left}`);
  await move(service, back("16 minutes"));
  t.equal(await status(browser), 401);
  await service.stage.database.transact((tx) => endOverSessions(tx, 10));
  t.same(await reasons(service), ["idle"]);
});

t.test(
  "operations: that a session is in use is written down once in half a minute, not with each request",
  async (t) => {
    const service = await startService(t, { targets: {} });
    const browser = await signIn(service, "operator");
    const written = async () =>
      (await service.stage.database.transact((tx) => tx.query("SELECT xmin::text, idle_expires_at FROM sessions")))
        .rows;
    const before = await written();
    for (let i = 0; i < 20; i += 1) await browser.call("GET", "/v1/session");
    t.same(await written(), before);
    await move(service, back("31 seconds"));
    const moved = await written();
    await browser.call("GET", "/v1/session");
    t.notSame(await written(), moved);
  },
);

t.test("APR-8 a session ends at its time whatever is done with it, and is never kept past it", async (t) => {
  const service = await startService(t, { targets: {}, config: { sessionSeconds: 1_000 } });
  const browser = await signIn(service, "operator");
  await move(service, `${back("200 seconds")}, expires_at = expires_at - interval '200 seconds'`);
  const kept = await browser.call("GET", "/v1/session");
  t.equal(kept.body["idle_expires_at"], kept.body["expires_at"], "it does not idle longer than it lasts");
  await move(service, `${back("900 seconds")}, expires_at = expires_at - interval '900 seconds'`);
  t.equal(await status(browser), 401);
  await service.stage.database.transact((tx) => endOverSessions(tx, 10));
  t.same(await reasons(service), ["expired"]);
});

t.test("APR-8 revoking the token, or disabling the principal, ends the sessions at once", async (t) => {
  const service = await startService(t, { targets: {} });
  const [first, second, other] = [
    await signIn(service, "operator"),
    await signIn(service, "council_1"),
    await signIn(service, "auditor"),
  ];
  const { database, tokens } = service.stage;
  const tokenId = tokens.operator.split("_")[1] ?? "";
  await database.transact((tx) => revokeToken(tx, serviceCaller("test"), tokenId));
  await database.transact((tx) => tx.query("UPDATE principals SET status = 'disabled' WHERE principal = 'council_1'"));
  t.same([await status(first), await status(second), await status(other)], [401, 401, 200]);
  t.same(await reasons(service), [null, null, null], "nobody has had to write it down for that");
  t.equal(await database.transact((tx) => endOverSessions(tx, 10)), 2);
  t.same(await reasons(service), ["token_ended", "principal_disabled", null]);
  t.equal(await database.transact((tx) => endOverSessions(tx, 10)), 0);
  const { rows } = await database.transact((tx) =>
    tx.query("SELECT actor, after FROM audit_events WHERE action = 'session.ended' ORDER BY after ->> 'reason'"),
  );
  t.match(rows, [
    { actor: "service:sweeper", after: { reason: "principal_disabled" } },
    { actor: "service:sweeper", after: { reason: "token_ended" } },
  ]);
  await database.transact((tx) => tx.query("UPDATE principals SET status = 'active' WHERE principal = 'council_1'"));
  t.equal(await status(second), 401, "what has ended does not come back");
});

t.test("APR-8 the roles of a session are those of now", async (t) => {
  const service = await startService(t, { targets: {} });
  const browser = await signIn(service, "operator");
  t.equal((await browser.call("GET", "/v1/doctor")).status, 200);
  await service.stage.database.transact((tx) =>
    tx.query("UPDATE principals SET roles = '{requester}' WHERE principal = 'operator'"),
  );
  t.match(await browser.call("GET", "/v1/doctor"), { status: 403, body: { code: "FORBIDDEN" } });
  t.match(await browser.call("GET", "/v1/session"), { body: { roles: ["requester"] } });
});

t.test("APR-8 of many requests and sign-outs at once, none is let in after the end", async (t) => {
  const service = await startService(t, { targets: {} });
  for (let round = 0; round < 10; round += 1) {
    const browser = await signIn(service, "operator");
    // Each of the requests has to write down that the session is in use.
    await move(service, back("10 minutes"));
    const headers = { cookie: browser.header, "x-csrf-token": browser.csrf ?? "" };
    const asked = Array.from({ length: 8 }, () => service.call("GET", "/v1/session", { headers }));
    const out = Array.from({ length: 3 }, () => service.call("DELETE", "/v1/session", { headers }));
    const answers = await Promise.all([...asked, ...out]);
    t.ok(
      answers.every((answer) => answer.status === 200 || answer.status === 401),
      String(answers.map((a) => a.status)),
    );
    const ends = new Set(answers.flatMap(({ body }) => ("ended_at" in body ? [String(body["ended_at"])] : [])));
    t.equal(ends.size, 1, "whoever signed out was told one time");
    t.equal((await service.call("GET", "/v1/session", { headers })).status, 401);
  }
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query("SELECT count(*)::int AS events FROM audit_events WHERE action = 'session.ended'"),
  );
  t.same(rows, [{ events: 10 }], "each ended once");
});

t.test("operations: the sweeper ends on record what is over", async (t) => {
  const service = await startService(t, { targets: {}, config: { sweepIntervalMs: 100 } });
  await signIn(service, "operator");
  await move(service, back("1 hour"));
  await eventually(async () => (await reasons(service))[0] === "idle");
});

t.test("GRANT-3 a session that is open in one process is known, and ended, in another", async (t) => {
  const one = await startService(t, { targets: {} });
  const two = await startService(t, { stage: one.stage, targets: {}, config: { tokenCacheMs: 60_000 } });
  const browser = await signIn(one, "operator");
  const headers = { cookie: browser.header, "x-csrf-token": browser.csrf ?? "" };
  await expectStatus(two.call("POST", "/v1/holds", { headers, body: { reason: "x", environment: "none" } }), 201);
  await expectStatus(one.call("DELETE", "/v1/session", { headers }), 200);
  t.equal((await two.call("GET", "/v1/session", { headers })).status, 401, "at once, whatever is remembered of tokens");
});
