import pg from "pg";
import t from "tap";
import { verifyAudit } from "../../src/recovery/index.ts";
import { consume, expectStatus, seedGrants } from "../support/flow.ts";
import { ask } from "../support/runs.ts";
import { setStage, startService } from "../support/service.ts";

t.setTimeout(60_000);

const incarnation = (origin: string, hold = "NULL", place = "system_identifier, timeline") =>
  `INSERT INTO control_incarnations (incarnation, system_identifier, timeline, origin, hold_id, noticed_by)
   SELECT 1, ${place}, '${origin}', ${hold}, 'test' FROM control_server()`;
const hold = "INSERT INTO registration_holds (reason, placed_by, placed_at) VALUES ('r', 'test', now()) RETURNING id";
const lease = `INSERT INTO dot_iu_runtime_lease (lease_name, lease_holder, lease_token_hash, fencing_token, acquired_at, renewed_at, expires_at)
   VALUES ('l', 'c1-builder', sha256('a'), 5, now(), now(), now() + interval '1 hour')`;
const jump =
  "UPDATE dot_iu_runtime_lease SET fencing_token = 100, lease_holder = 'r', lease_token_hash = sha256('b'), released_at = now()";

t.test("GRANT-9 the app role cannot talk a restore away, and moves fences and numbers only during one", async (t) => {
  const { names } = await setStage(t);
  const app = new pg.Client({ connectionString: names.appUrl });
  await app.connect();
  t.teardown(() => app.end());
  const constraint = (sql: string): Promise<string | undefined> =>
    app.query(sql).then(
      () => undefined,
      (error: unknown) => (error instanceof pg.DatabaseError ? (error.constraint ?? error.code) : "not the database"),
    );
  t.equal(await constraint(incarnation("failover")), "incarnation_as_found", "the first is the first");
  t.equal(await constraint(incarnation("first", "NULL", "'elsewhere', 1")), "incarnation_as_found");
  t.equal(await constraint(incarnation("first")), undefined);
  t.equal(await constraint(incarnation("first")), "incarnation_as_found", "there is one first");
  t.equal(await constraint(incarnation("restore")), "restore_is_held", "no restore without a hold");
  await app.query(lease);
  t.equal(await constraint(jump), "fence_rises");
  t.equal(await constraint("SELECT skip_lost_events()"), "nothing_restored");

  const { rows } = await app.query<{ id: string }>(hold);
  const id = `'${rows[0]?.id}'`;
  t.equal(await constraint(incarnation("restore", id)), undefined);
  t.equal(await constraint(incarnation("restore", id)), "one_hold_per_restore");
  const lift = `UPDATE registration_holds SET lifted_at = now(), lifted_by = 'operator' WHERE id = ${id}`;
  t.equal(await constraint(lift), "hold_awaits_recovery");
  t.equal(await constraint("UPDATE control_incarnations SET origin = 'failover', hold_id = NULL"), "42501");
  t.equal(await constraint("DELETE FROM control_incarnations"), "42501");
  t.equal(await constraint(jump.replace("100", "4")), "fence_rises", "never down");
  t.equal(await constraint(jump.replace(", released_at = now()", "")), "fence_rises", "nor for a holder");
  t.equal(await constraint(jump), undefined);
  t.equal(await constraint("SELECT skip_lost_events()"), undefined);

  const done =
    "UPDATE control_incarnations SET recovered_at = now(), recovered_by = 'r', report = '{}' WHERE incarnation = 2";
  t.equal(await constraint(done), undefined);
  t.equal(await constraint(done), "incarnation_final");
  t.equal(await constraint(jump.replace("100", "300")), "fence_rises", "the time for it is over");
  t.equal(await constraint(lift), undefined);
  await t.rejects(ask(names.ownerUrl, "DELETE FROM control_incarnations"), { code: "23001" });
});

t.test("AUDIT-1 a log that does not say what the rows say is found", async (t) => {
  const service = await startService(t);
  const { database, names } = service.stage;
  const [used = "", unused = ""] = await database.transact((tx) => seedGrants(tx, 2));
  await expectStatus(consume(service, used, "root", { lease: { name: "l" } }), 200);
  const verify = () => database.transact(verifyAudit, { readOnly: true });
  t.match(await verify(), { passed: true, contradictions: [] });
  const tampered = async (what: string, id: string, sql: string): Promise<void> => {
    await ask(names.superUrl, `SET session_replication_role = replica; BEGIN; ${sql}; COMMIT`);
    const { passed, contradictions } = await verify();
    t.notOk(passed, what);
    t.match(
      contradictions.find((one) => one.what === what),
      { count: 1, examples: [id] },
      what,
    );
  };
  const off = (table: string, trigger: string, sql: string): string =>
    `ALTER TABLE ${table} DISABLE TRIGGER ${trigger}; ${sql}; ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${trigger}`;
  const events = (sql: string): string => off("audit_events", "append_only", sql);
  await tampered(
    "a use is in the log, and its grant is not used",
    unused,
    `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id) VALUES ('x', 'grant.consumed', 'grant', '${unused}', 'r')`,
  );
  await tampered(
    "a used grant has no event of its use",
    used,
    events(`UPDATE audit_events SET actor = 'other' WHERE action = 'grant.consumed' AND resource_id = '${used}'`),
  );
  await tampered(
    "a used grant and its receipt do not agree",
    used,
    off("grant_receipts", "append_only", "UPDATE grant_receipts SET idempotency_root = 'another'"),
  );
  await tampered(
    "a fence is not the last that the log has",
    "l",
    off("dot_iu_runtime_lease", "guard_lease", "UPDATE dot_iu_runtime_lease SET fencing_token = 7"),
  );
  await tampered(
    "a table that is only added to may be changed",
    "audit_events.append_only",
    "ALTER TABLE audit_events DISABLE TRIGGER append_only",
  );
});
