import pg from "pg";
import t, { type Test } from "tap";
import { runCanBecome, runStatuses, type RunStatus } from "../../src/runs/states.ts";
import { usableKey } from "../support/commit.ts";
import { expectStatus } from "../support/flow.ts";
import { manifest, prepareCommit, prepareDryRun, startRun, untilRun, useTarget } from "../support/runs.ts";
import { type InProcess, startService } from "../support/service.ts";

t.setTimeout(120_000);

/** The constraint, or the SQLSTATE, that refuses a statement as the app role or the owner. */
async function refusedBy(url: string, sql: string, role?: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("BEGIN");
    if (role !== undefined) await client.query(`SET LOCAL ROLE ${role}`);
    await client.query(sql);
    await client.query("COMMIT");
    return undefined;
  } catch (error) {
    const { constraint, code } = error as pg.DatabaseError;
    return constraint ?? code;
  } finally {
    await client.end();
  }
}

async function place(t: Test) {
  const target = await useTarget(t);
  const service = await startService(t, { targets: { default: target.url }, config: { runPollMs: 150 } });
  return { target, service, key: await usableKey(service) };
}

async function finished(service: InProcess, prepared: { root: string; body: Readonly<Record<string, unknown>> }) {
  await expectStatus(startRun(service, prepared), 202);
  return untilRun(service, prepared.root);
}

t.test("RUN-3 the database knows the same transitions as the table of the code", async (t) => {
  const { service, key } = await place(t);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  const idle = await startService(t, { stage: service.stage, targets: {}, config: { runConcurrency: 0 } });
  await service.app.close();
  t.equal((await startRun(idle, prepared)).status, 202);
  const { superUrl } = service.stage.names;
  const client = new pg.Client({ connectionString: superUrl });
  await client.connect();
  t.teardown(() => client.end());
  const fill = (status: RunStatus, stop: string): string => {
    const over = status === "succeeded" || status === "stopped";
    const stopped = status === "running" || status === "succeeded" ? "NULL" : `'${stop}'`;
    return `status = '${status}', finished_at = ${over ? "clock_timestamp()" : "NULL"}, stop_state = ${stopped}`;
  };
  for (const from of runStatuses) {
    for (const to of runStatuses.filter((one) => one !== from)) {
      for (const stop of ["ABORT", "STOP_REQUESTED", "COMP_VALUES"]) {
        await client.query("BEGIN");
        await client.query("ALTER TABLE c1_build_run DISABLE TRIGGER guard_run_update");
        await client.query("ALTER TABLE c1_build_run DROP CONSTRAINT advances_under_grant");
        await client.query(`UPDATE c1_build_run SET ${fill(from, stop)}`);
        await client.query("ALTER TABLE c1_build_run ENABLE ALWAYS TRIGGER guard_run_update");
        const refused = await client.query(`UPDATE c1_build_run SET ${fill(to, stop)}`).then(
          () => undefined,
          (error: unknown) => (error as pg.DatabaseError).constraint,
        );
        await client.query("ROLLBACK");
        const possible =
          runCanBecome(from, to) && !(from === "stopped" && stop !== (to === "running" ? "ABORT" : "STOP_REQUESTED"));
        t.equal(refused, possible ? undefined : "run_transition", `${from} (${stop}) to ${to}`);
      }
    }
  }
});

t.test("RUN-2 what runs have done stays on record, whoever writes", async (t) => {
  const { service, key } = await place(t);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  t.match(await finished(service, prepared), { status: "succeeded" });
  const { appUrl, ownerUrl } = service.stage.names;
  const writes: [string, string, string][] = [
    ["DELETE FROM c1_build_run", "42501", "never_deleted"],
    ["TRUNCATE c1_build_run CASCADE", "42501", "never_truncated"],
    ["UPDATE c1_build_run SET state = 'S1'", "run_finished", "run_finished"],
    ["UPDATE c1_build_run SET auth_code = 'x'", "42501", "run_bindings"],
    ["UPDATE c1_build_run_state SET status = 'failed'", "run_state_final", "run_state_final"],
    ["UPDATE c1_build_run_event SET event = 'x'", "42501", "append_only"],
    ["UPDATE c1_build_run_input SET content = 'x'", "42501", "append_only"],
    ["INSERT INTO grant_receipts SELECT * FROM grant_receipts", "grant_receipts_pkey", "grant_receipts_pkey"],
    [
      `UPDATE governance_build_authorization SET evidence = evidence || '{"run": {"status": "succeeded"}}'`,
      "grant_bindings",
      "grant_bindings",
    ],
    [
      "UPDATE governance_build_authorization SET evidence = evidence - 'manifest_hash'",
      "grant_bindings",
      "grant_bindings",
    ],
  ];
  for (const [sql, asApp, asOwner] of writes) {
    t.equal(await refusedBy(appUrl, sql), asApp, `app: ${sql}`);
    t.equal(await refusedBy(ownerUrl, sql), asOwner, `owner: ${sql}`);
  }
});

t.test("RUN-7 a run is of its grant, and reserves nothing without a receipt", async (t) => {
  const { service, key } = await place(t);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  const { appUrl } = service.stage.names;
  const insert = (changes: Record<string, string>): string => {
    const row: Record<string, string> = {
      idempotency_root: "'forged'",
      build: "'c1-vocabulary'",
      mode: "'commit'",
      auth_code: `'${prepared.authCode}'`,
      executor: "'c1-builder'",
      environment: "'staging'",
      database: "'default'",
      bindings: "'{}'",
      input_digest: "'x'",
      state: "'S0'",
      claimed_until: "clock_timestamp() + interval '1 hour'",
      request_id: "'x'",
      work_by: "clock_timestamp()",
      ...changes,
    };
    return `INSERT INTO c1_build_run (${Object.keys(row).join()}) VALUES (${Object.values(row).join()})`;
  };
  const forged: [Record<string, string>, string][] = [
    [{ executor: "'other-builder'" }, "run_of_grant"],
    [{ environment: "'production'" }, "run_of_grant"],
    [{ database: "'elsewhere'" }, "run_of_grant"],
    [{ mode: "'dry-run'" }, "run_of_grant"],
    [{ rehearsal_ref: "'sha256:0'" }, "run_of_grant"],
    [{ status: "'succeeded'", finished_at: "clock_timestamp()" }, "run_transition"],
    [{ reserved: "true", lease_name: "'x'", fencing_token: "1" }, "run_transition"],
  ];
  for (const [changes, constraint] of forged)
    t.equal(await refusedBy(appUrl, insert(changes)), constraint, JSON.stringify(changes));
  t.equal(await refusedBy(appUrl, insert({})), undefined);
  const reserve =
    "UPDATE c1_build_run SET reserved = true, lease_name = 'lego1-c1-build', fencing_token = 1 WHERE idempotency_root = 'forged'";
  t.equal(await refusedBy(appUrl, reserve), "run_needs_receipt");
  t.equal(
    await refusedBy(appUrl, "UPDATE c1_build_run SET claim_no = claim_no - 1 WHERE idempotency_root = 'forged'"),
    "run_rises",
  );
});

t.test("OPEN-1 no rehearsal is made up, and no grant stands on one that did not pass", async (t) => {
  const { service } = await place(t);
  const prepared = await prepareDryRun(service, { manifest: manifest(2) });
  const run = await finished(service, prepared);
  const { appUrl, ownerUrl } = service.stage.names;
  const content = JSON.stringify({ ...run.rehearsal?.content, idempotency_root: "another" });
  const insert = (text: string, ref = "'sha256:' || encode(sha256(convert_to(c, 'UTF8')), 'hex')"): string =>
    `INSERT INTO rehearsals (rehearsal_ref, content) SELECT ${ref}, c FROM (VALUES ('${text}')) AS given (c)`;
  t.equal(await refusedBy(appUrl, insert(content)), "rehearsal_of_dry_run");
  const own = JSON.stringify({ ...run.rehearsal?.content, delta: "none" });
  t.equal(await refusedBy(appUrl, insert(own)), "one_rehearsal_per_run", "a run has one rehearsal");
  t.equal(await refusedBy(appUrl, insert(own, "'sha256:00'")), "rehearsal_ref_of_content");
  t.equal(await refusedBy(ownerUrl, "UPDATE rehearsals SET content = '{}'"), "append_only");
  t.equal(await refusedBy(ownerUrl, "DELETE FROM rehearsals"), "append_only");
});

t.test("RUN-7 in the target one grant marks one run, under the fence that stands", async (t) => {
  const { target, service, key } = await place(t);
  const prepared = await prepareCommit(service, { manifest: manifest(2) }, { key });
  t.match(await finished(service, prepared), { status: "succeeded" });
  const writes: [string, string][] = [
    [
      `INSERT INTO countersign_run (run_root, auth_code, build) VALUES ('second', '${prepared.authCode}', 'x')`,
      "one_run_per_grant",
    ],
    ["DELETE FROM countersign_run_marker", "append_only"],
    ["TRUNCATE countersign_outbox", "never_truncated"],
    [
      `INSERT INTO countersign_run_marker SELECT run_root, direction, 'S9', 1, lease_name, fencing_token + 1, fingerprint FROM countersign_run_marker LIMIT 1`,
      "marker_under_fence",
    ],
    [
      `INSERT INTO countersign_run_marker SELECT run_root, direction, state, attempt, lease_name, fencing_token, fingerprint FROM countersign_run_marker LIMIT 1`,
      "countersign_run_marker_pkey",
    ],
  ];
  for (const [sql, constraint] of writes) t.equal(await refusedBy(target.url, sql), constraint, sql);
});
