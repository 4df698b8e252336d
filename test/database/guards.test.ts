import pg from "pg";
import t from "tap";
import { requestTransitions } from "../../src/approvals/index.ts";
import { grantTransitions } from "../../src/grants/index.ts";
import { approvalRequest, approve, seedGrants } from "../support/flow.ts";
import { setStage, startService } from "../support/service.ts";

/** The SQLSTATE that the statement is refused with; undefined where it is not. Nothing of it stays. */
async function refusedBy(client: pg.Client, sql: string, values: unknown[] = []): Promise<string | undefined> {
  await client.query("BEGIN");
  try {
    await client.query(sql, values);
    return undefined;
  } catch (error) {
    return error instanceof pg.DatabaseError ? error.code : "not the database";
  } finally {
    await client.query("ROLLBACK");
  }
}

async function connect(t: { teardown(work: () => Promise<void>): void }, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  t.teardown(() => client.end());
  return client;
}

const grants = "governance_build_authorization";
/** What goes with each status, filled as the service fills it. */
const filled: Readonly<Record<string, string>> = {
  draft: "",
  active: "",
  consumed: ", consumed_at = clock_timestamp(), consumed_by = 'c1-builder', idempotency_root = 'r'",
  revoked: ", revoked_at = clock_timestamp(), revoked_by = 'operator', revoked_reason = 'r'",
  expired: ", expired_at = clock_timestamp()",
};

t.test("GRANT-6 the app role cannot take a grant along any path that is not in the table", async (t) => {
  const { database, names } = await setStage(t);
  const app = await connect(t, names.appUrl);
  const [active = "", consumed = "", revoked = ""] = await database.transact((tx) => seedGrants(tx, 3));
  for (const [code, to] of [
    [consumed, "consumed"],
    [revoked, "revoked"],
  ]) {
    const receipt =
      to === "consumed"
        ? `; INSERT INTO grant_receipts (auth_code, consumed_at, consumed_by, idempotency_root) SELECT auth_code, consumed_at, consumed_by, idempotency_root FROM ${grants} WHERE auth_code = '${code}'`
        : "";
    await app.query(
      `BEGIN; UPDATE ${grants} SET status = '${to}' ${filled[to ?? ""]} WHERE auth_code = '${code}'${receipt}; COMMIT`,
    );
  }
  const codes: Readonly<Record<string, string>> = { active, consumed, revoked };
  for (const [from, code] of Object.entries(codes)) {
    for (const to of Object.keys(grantTransitions)) {
      const state = await refusedBy(app, `UPDATE ${grants} SET status = $2 ${filled[to]} WHERE auth_code = $1`, [
        code,
        to,
      ]);
      const legal = grantTransitions[from as "active"].some((one) => one.to === to) && to !== "expired";
      if (legal) t.equal(state, undefined, `${from} to ${to} is let through`);
      else t.match(state, /^23/, `${from} to ${to} is refused`);
    }
  }
  t.match(
    await refusedBy(
      app,
      `UPDATE ${grants} SET status = 'consumed' ${filled["consumed"]} WHERE auth_code = '${active}'; SET CONSTRAINTS ALL IMMEDIATE`,
    ),
    /^23/,
    "no use without a receipt",
  );
  for (const half of [
    "status = 'consumed', consumed_at = clock_timestamp()",
    "status = 'consumed', consumed_by = 'c1-builder', idempotency_root = 'r'",
    "status = 'consumed', consumed_at = clock_timestamp(), consumed_by = 'c1-builder'",
    "status = 'consumed', consumed_at = clock_timestamp(), consumed_by = 'other-builder', idempotency_root = 'r'",
    "status = 'consumed', consumed_at = expires_at, consumed_by = 'c1-builder', idempotency_root = 'r'",
    "status = 'revoked', revoked_at = clock_timestamp()",
    "status = 'revoked', revoked_at = clock_timestamp(), revoked_by = 'operator'",
    "status = 'revoked', revoked_at = clock_timestamp(), revoked_by = 'operator', revoked_reason = '  '",
    "consumed_at = clock_timestamp()",
    "revoked_reason = 'r'",
  ]) {
    t.match(await refusedBy(app, `UPDATE ${grants} SET ${half} WHERE auth_code = '${active}'`), /^23/, half);
  }
});

t.test("GRANT-6 neither the app role nor the owner changes a binding", async (t) => {
  const { database, names } = await setStage(t);
  const [code = ""] = await database.transact((tx) => seedGrants(tx, 1));
  const changes = [
    "auth_code = auth_code || 'x'",
    "mode = 'commit'",
    "scope = jsonb_set(scope, '{executor}', '\"other-builder\"')",
    "scope = jsonb_set(scope, '{manifest_digest}', '\"sha256:0\"')",
    "rollback_plan_ref = 'OTHER'",
    "commit_allowed = true",
    "requires_sovereign_esign = true",
    "approval_ref = '{\"a\": 1}'",
    "evidence = '{\"a\": 1}'",
    "granted_at = granted_at - interval '1 hour'",
    "granted_by = 'me'",
    "expires_at = expires_at + interval '1 day'",
  ];
  const [app, owner] = [await connect(t, names.appUrl), await connect(t, names.ownerUrl)];
  for (const change of changes) {
    const sql = `UPDATE ${grants} SET ${change}, status = 'revoked' ${filled["revoked"]} WHERE auth_code = '${code}'`;
    // The app role may write the evidence, for the outcome of a run and nothing else: the trigger sees to that (RUN-4).
    const refusal = change.startsWith("evidence") ? "23001" : "42501";
    t.equal(await refusedBy(app, sql), refusal, `app: ${change}`);
    t.match(await refusedBy(owner, sql), /^23/, `owner: ${change}`);
  }
});

t.test("MINT-6 a second live grant on a target, and a grant without a quorum, are refused", async (t) => {
  const { database, names } = await setStage(t);
  const [code = ""] = await database.transact((tx) => seedGrants(tx, 1, "1 hour", "ONE"));
  await database.transact(async (tx) => {
    await tx.query(
      `INSERT INTO approval_requests (apr_code, apr_digest, content, title, proposed_action_code, risk, quorum, council_quorum, requested_by, decide_by)
       SELECT 'TWO', apr_digest, content, 't', proposed_action_code, risk, 1, 0, 'requester', decide_by FROM approval_requests WHERE apr_code = 'ONE-1'`,
    );
  });
  const app = await connect(t, names.appUrl);
  const copy = (changes: Record<string, string>): string => {
    const columns = [
      "auth_code",
      "request_ref",
      "mode",
      "scope",
      "rollback_plan_ref",
      "commit_allowed",
      "requires_sovereign_esign",
      "approval_ref",
      "evidence",
      "status",
      "granted_at",
      "granted_by",
      "created_by",
      "expires_at",
    ];
    const values = columns.map((column) => changes[column] ?? column);
    return `INSERT INTO ${grants} (${columns.join(", ")}) SELECT ${values.join(", ")} FROM ${grants} WHERE auth_code = '${code}'`;
  };
  const two = { auth_code: "'GBA-C1-TWO'", request_ref: "'TWO'" };
  t.match(await refusedBy(app, copy(two)), /^23/, "no quorum");
  await app.query(
    "INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason) SELECT apr_code, 'approver_1', 'approve', apr_digest, false, 'r' FROM approval_requests WHERE apr_code = 'TWO'",
  );
  await app.query("UPDATE approval_requests SET status = 'approved' WHERE apr_code = 'TWO'");
  t.equal(await refusedBy(app, copy(two)), "23505", "a second live one on the target");
  const elsewhere = { ...two, scope: `scope || '{"target": "ELSEWHERE"}'` };
  t.equal(await refusedBy(app, copy(elsewhere)), undefined, "another target is another matter");
  t.match(await refusedBy(app, copy({ ...elsewhere, expires_at: "granted_at" })), /^23/, "expiry not after the grant");
  t.match(
    await refusedBy(
      app,
      copy({ ...elsewhere, mode: "'commit'", commit_allowed: "true", requires_sovereign_esign: "true" }),
    ),
    /^23/,
    "commit mode active",
  );
  t.match(await refusedBy(app, copy({ ...elsewhere, commit_allowed: "true" })), /^23/, "dry-run that may commit");
  t.match(await refusedBy(app, copy({ ...elsewhere, status: "'draft'" })), /^23/, "dry-run draft");
  t.match(
    await refusedBy(app, copy({ ...elsewhere, auth_code: "'GBA-C1-OTHER'" })),
    /^23/,
    "a code of another request",
  );
});

t.test("APR-5 the app role cannot claim a quorum, vote for itself or reopen a request", async (t) => {
  const service = await startService(t);
  const app = await connect(t, service.stage.names.appUrl);
  const approved = await approve(service);
  const open = approvalRequest();
  await service.call("POST", "/v1/approval-requests", { as: "requester", body: open });
  const claim = (code: string, to: string) =>
    refusedBy(app, "UPDATE approval_requests SET status = $2 WHERE apr_code = $1", [code, to]);
  for (const to of Object.keys(requestTransitions).filter((status) => status !== "open" && status !== "withdrawn")) {
    t.match(await claim(open.apr_code, to), /^23/, `open to ${to} without votes or time`);
  }
  t.match(await claim(approved.aprCode, "open"), /^23/);
  const vote =
    "INSERT INTO apr_approvals (apr_code, voter, decision, apr_digest, council, reason) SELECT apr_code, $2, 'approve', coalesce($3, apr_digest), true, 'r' FROM approval_requests WHERE apr_code = $1";
  t.match(await refusedBy(app, vote, [open.apr_code, "requester", null]), /^23/, "self-approval");
  t.match(await refusedBy(app, vote, [open.apr_code, "c1-builder", null]), /^23/, "the executor votes");
  t.match(
    await refusedBy(app, vote, [open.apr_code, "approver_1", `sha256:${"0".repeat(64)}`]),
    /^23/,
    "other content",
  );
  t.equal(await refusedBy(app, vote, [open.apr_code, "approver_1", null]), undefined, "a plain vote is let through");
});

t.test("AUDIT-1 nobody deletes or truncates, and the app role runs no DDL", async (t) => {
  const { database, names } = await setStage(t);
  await database.transact((tx) => seedGrants(tx, 1));
  const [app, owner] = [await connect(t, names.appUrl), await connect(t, names.ownerUrl)];
  const { rows } = await owner.query<{ tablename: string }>(
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'schema_migration%' ORDER BY 1",
  );
  t.ok(rows.length >= 11);
  for (const { tablename } of rows) {
    // Answers that were kept for thirty days may go, and deliveries that went well: test/idempotency/forget.test.ts and
    // test/webhooks/guards.test.ts hold that no other does.
    const kept = ["idempotency_keys", "webhook_deliveries"].includes(tablename) ? undefined : "42501";
    t.equal(await refusedBy(app, `DELETE FROM ${tablename}`), kept, `app: DELETE ${tablename}`);
    t.equal(await refusedBy(app, `TRUNCATE ${tablename}`), "42501", `app: TRUNCATE ${tablename}`);
    t.match(await refusedBy(owner, `TRUNCATE ${tablename} CASCADE`), /^23/, `owner: TRUNCATE ${tablename}`);
    t.equal(
      await refusedBy(app, `ALTER TABLE ${tablename} DISABLE TRIGGER ALL`),
      "42501",
      `app: DISABLE TRIGGER ${tablename}`,
    );
    t.equal(await refusedBy(app, `DROP TABLE ${tablename}`), "42501", `app: DROP ${tablename}`);
  }
  for (const tablename of [
    grants,
    "approval_requests",
    "apr_approvals",
    "principals",
    "api_tokens",
    "audit_events",
    "apr_action_types",
  ]) {
    t.match(await refusedBy(owner, `DELETE FROM ${tablename}`), /^23/, `owner: DELETE ${tablename}`);
  }
  for (const sql of [
    "CREATE TABLE x (a int)",
    "SET session_replication_role = replica",
    "DROP FUNCTION refuse_change CASCADE",
    "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  ]) {
    t.equal(await refusedBy(app, sql), "42501", sql);
  }
  t.equal(await refusedBy(app, "UPDATE audit_events SET actor = 'nobody'"), "42501");
  t.match(await refusedBy(owner, "UPDATE audit_events SET actor = 'nobody'"), /^23/);
});

t.test("LEASE-1 the fence never falls, and a held lease is not taken", async (t) => {
  const { names } = await setStage(t);
  const app = await connect(t, names.appUrl);
  await app.query(
    `INSERT INTO dot_iu_runtime_lease (lease_name, lease_holder, lease_token_hash, fencing_token, acquired_at, renewed_at, expires_at)
     VALUES ('l', 'c1-builder', sha256('a'), 5, now(), now(), now() + interval '1 hour')`,
  );
  const change = (set: string) => refusedBy(app, `UPDATE dot_iu_runtime_lease SET ${set}`);
  t.match(await change("fencing_token = 4"), /^23/);
  t.match(await change("fencing_token = 6"), /^23/, "a fence without an acquisition");
  t.match(await change("lease_token_hash = sha256('b')"), /^23/, "an acquisition without a fence");
  t.match(await change("lease_token_hash = sha256('b'), fencing_token = 6"), /^23/, "held");
  t.equal(await change("expires_at = expires_at + interval '1 hour'"), undefined, "renewal");
  await app.query("UPDATE dot_iu_runtime_lease SET released_at = clock_timestamp()");
  t.match(await change("released_at = NULL"), /^23/, "a released lease comes back");
  t.equal(
    await change("lease_token_hash = sha256('b'), fencing_token = 6, released_at = NULL"),
    undefined,
    "acquired again",
  );
});
