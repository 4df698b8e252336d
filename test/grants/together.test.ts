import t from "tap";
import { bindings, consume, seedGrants } from "../support/flow.ts";
import { holdGate } from "../support/gate.ts";
import { Batches, type Settled } from "../../src/grants/together/batches.ts";
import { ask } from "../support/runs.ts";
import { type InProcess, startService } from "../support/service.ts";

t.setTimeout(120_000);

/** What the database says of these grants. */
async function rowsOf(service: InProcess, codes: readonly string[]) {
  const { rows } = await service.stage.database.transact((tx) =>
    tx.query<{ code: string; status: string; receipts: number; events: number }>(
      `SELECT g.auth_code AS code, g.status,
              (SELECT count(*)::int FROM grant_receipts r WHERE r.auth_code = g.auth_code) AS receipts,
              (SELECT count(*)::int FROM audit_events e WHERE e.resource_id = g.auth_code AND e.action = 'grant.consumed') AS events
         FROM governance_build_authorization g WHERE g.auth_code = ANY ($1)`,
      [codes],
    ),
  );
  return new Map(rows.map((row) => [row.code, row]));
}

t.test("GRANT-3 of consumes that arrive together each has its own verdict", async (t) => {
  const service = await startService(t);
  const codes = await service.stage.database.transact((tx) => seedGrants(tx, 60));
  const [used = "", revoked = "", twice = "", ...rest] = codes;
  await consume(service, used, "another root");
  await service.call("POST", `/v1/grants/${revoked}/revoke`, { as: "operator", body: { reason: "no" } });
  const plain = rest.slice(0, 50);
  const [otherPlan = "", otherExecutor = ""] = rest.slice(50);
  const answers = await Promise.all([
    ...plain.map((code) => consume(service, code, `root of ${code}`)),
    consume(service, used, "root"),
    consume(service, revoked, "root"),
    consume(service, otherPlan, "root", { plan_revision: "4" }),
    service.call("POST", `/v1/grants/${otherExecutor}/consume`, {
      as: "other-builder",
      body: { ...bindings(), idempotency_root: "root" },
    }),
    consume(service, "GBA-C1-NONE", "root"),
    consume(service, twice, "root a"),
    consume(service, twice, "root b"),
    consume(service, used, "another root"),
  ]);
  t.same(
    answers.slice(0, 50).map(({ status, body }) => [status, body["replayed"]]),
    plain.map(() => [200, false]),
  );
  const [wasUsed, wasRevoked, differs, foreign, none, first, second, again] = answers.slice(50);
  t.match(wasUsed?.body, { code: "REJECT_AUTH_ALREADY_CONSUMED" });
  t.match(wasRevoked?.body, { code: "REJECT_AUTH_REVOKED" });
  t.match(differs?.body, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["plan_revision"] });
  t.match(foreign?.body, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["executor"] });
  t.match(none?.body, { code: "NOT_FOUND" });
  t.same(
    [first?.status, second?.status].toSorted((a = 0, b = 0) => a - b),
    [200, 409],
    "of two for one grant one wins",
  );
  t.match(again?.body, { replayed: true, idempotency_root: "another root" });

  const rows = await rowsOf(service, codes);
  for (const code of [...plain, twice]) {
    t.match(rows.get(code), { status: "consumed", receipts: 1, events: 1 }, code);
  }
  for (const code of [otherPlan, otherExecutor]) t.match(rows.get(code), { status: "active", receipts: 0, events: 0 });
});

t.test("GRANT-3 a grant that another transaction holds keeps nobody but whoever asks for it", async (t) => {
  const service = await startService(t);
  const codes = await service.stage.database.transact((tx) => seedGrants(tx, 30));
  const [held = "", ...free] = codes;
  const gate = await holdGate(
    t,
    service.stage.names.superUrl,
    `SELECT FROM governance_build_authorization WHERE auth_code = '${held}' FOR UPDATE`,
  );
  const waiting = consume(service, held, "root");
  const answers = await Promise.all(free.map((code) => consume(service, code, "root")));
  t.same([...new Set(answers.map(({ status }) => status))], [200], "the neighbours have their answers");
  await gate.waitedFor();
  await gate.open();
  t.equal((await waiting).status, 200);
});

t.test("GRANT-3 what the database refuses at the last moment is refused for that one alone", async (t) => {
  const service = await startService(t);
  const codes = await service.stage.database.transact((tx) => seedGrants(tx, 20));
  const [refused = ""] = codes;
  // As if it had expired between the judgement and the update.
  await ask(
    service.stage.names.superUrl,
    `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.auth_code = '${refused}' AND NEW.status = 'consumed' THEN
         RAISE EXCEPTION 'late' USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_in_time';
       END IF;
       RETURN NEW; END $$;
     CREATE TRIGGER late BEFORE UPDATE ON governance_build_authorization FOR EACH ROW EXECUTE FUNCTION late()`,
  );
  const answers = await Promise.all(codes.map((code) => consume(service, code, "root")));
  t.match(answers[0]?.body, { code: "REJECT_AUTH_EXPIRED" });
  t.same([...new Set(answers.slice(1).map(({ status }) => status))], [200]);
  const rows = await rowsOf(service, codes);
  t.match(rows.get(refused), { status: "active", receipts: 0, events: 0 });
  for (const code of codes.slice(1)) t.match(rows.get(code), { status: "consumed", receipts: 1, events: 1 });
});

t.test("GRANT-1 of verifies that arrive together each has its own verdict", async (t) => {
  const service = await startService(t);
  await service.stage.database.transact((tx) => seedGrants(tx, 1));
  const verify = (changes: Record<string, unknown>, as: "c1-builder" | "other-builder" | "operator" = "c1-builder") =>
    service.call("POST", "/v1/grants/verify", { as, body: bindings(changes) });
  const answers = await Promise.all([
    ...Array.from({ length: 40 }, () => verify({})),
    verify({ environment: "rehearsal-2" }),
    verify({ plan_id: "NONE" }),
    verify({}, "other-builder"),
    verify({}, "operator"),
  ]);
  t.same([...new Set(answers.slice(0, 40).map(({ status }) => status))], [200]);
  const [differs, none, foreign, operator] = answers.slice(40);
  t.match(differs?.body, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["environment"] });
  t.match(none?.body, { code: "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION" });
  t.match(foreign?.body, { code: "CHAIRMAN_AUTHORIZATION_SCOPE_MISMATCH", mismatched: ["executor"] });
  t.equal(operator?.status, 200);
});

t.test("GRANT-2 a verify that no live grant covers is judged by the dead ones too, beside covered ones", async (t) => {
  const service = await startService(t);
  const seedFor = (plan: string, count = 1) =>
    service.stage.database.transact((tx) => seedGrants(tx, count, "1 hour", `SEED-${plan}`, { plan_id: plan }));
  const [live = ""] = await seedFor("live");
  const [used = ""] = await seedFor("used");
  const [revoked = ""] = await seedFor("revoked");
  await seedFor("twice", 2);
  await consume(service, used, "root", { plan_id: "used" });
  await service.call("POST", `/v1/grants/${revoked}/revoke`, { as: "operator", body: { reason: "no" } });
  const verify = (plan: string) =>
    service.call("POST", "/v1/grants/verify", { as: "c1-builder", body: bindings({ plan_id: plan }) });
  const answers = await Promise.all(["live", "used", "live", "revoked", "none", "twice", "live"].map(verify));
  t.same(
    answers.map(({ body }) => [body["auth_code"], body["code"] ?? body["verdict"]]),
    [
      [live, "valid"],
      [used, "REJECT_AUTH_ALREADY_CONSUMED"],
      [live, "valid"],
      [revoked, "REJECT_AUTH_REVOKED"],
      [undefined, "G2_EXECUTION_REQUIRES_SEPARATE_AUTHORIZATION"],
      [undefined, "AMBIGUOUS_AUTHORIZATION"],
      [live, "valid"],
    ],
  );
});

t.test("AUDIT-1 where the event of one cannot be written, it is not consumed, and its neighbours are", async (t) => {
  const service = await startService(t);
  const codes = await service.stage.database.transact((tx) => seedGrants(tx, 20));
  const [refused = ""] = codes;
  await ask(
    service.stage.names.superUrl,
    `CREATE FUNCTION no_event() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.resource_id = '${refused}' AND NEW.action = 'grant.consumed' THEN RAISE EXCEPTION 'no event'; END IF;
       RETURN NEW; END $$;
     CREATE TRIGGER no_event BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION no_event()`,
  );
  const answers = await Promise.all(codes.map((code) => consume(service, code, "root")));
  t.equal(answers[0]?.status, 500);
  t.same([...new Set(answers.slice(1).map(({ status }) => status))], [200]);
  const rows = await rowsOf(service, codes);
  t.match(rows.get(refused), { status: "active", receipts: 0, events: 0 });
  for (const code of codes.slice(1)) t.match(rows.get(code), { status: "consumed", receipts: 1, events: 1 });
});

t.test("GRANT-3 batches: no key twice in one, none too large, none lost, and a full queue says so", async (t) => {
  const sizes: number[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const batches = new Batches<number, number>({
    async run(items): Promise<Settled<number>[]> {
      await gate;
      sizes.push(items.length);
      t.equal(new Set(items.map((item) => item % 10)).size, items.length, "each key once");
      return items.map((item) => (item === 7 ? { error: new Error("seven") } : { ok: item * 2 }));
    },
    key: (item) => String(item % 10),
    most: 4,
    lanes: 2,
    waiting: 30,
    waitingOfKey: 30,
  });
  const pending = Array.from({ length: 40 }, (_, item) => batches.add(item));
  const settled = Promise.allSettled(pending);
  open();
  const results = await settled;
  t.same(
    results.slice(30).map((one) => one.status === "rejected" && (one.reason as { code?: string }).code),
    Array.from({ length: 10 }, () => "OVERLOADED"),
  );
  for (const [item, one] of results.slice(0, 30).entries()) {
    if (item === 7) t.match(one, { status: "rejected", reason: { message: "seven" } });
    else t.same(one, { status: "fulfilled", value: item * 2 });
  }
  t.ok(Math.max(...sizes) <= 4);
  t.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    30,
  );
});
