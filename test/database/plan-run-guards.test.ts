import t from "tap";
import { forgedLine, forgedRun, type Row } from "../support/forged-acts.ts";
import { consumeSql, guardedPlace, guardedPlan, refusedBy } from "../support/guarded-plan.ts";
import { act, approve, register } from "../support/plans.ts";

t.setTimeout(240_000);

const now = "clock_timestamp()";

t.test("PLAN-2 a run of a step is what its M-1 is for, and writes nothing before it is consumed", async (t) => {
  const at = await guardedPlace(t);
  const { app, service, plan } = at;
  const code = await approve(service, plan, 1, at.rehearsal);
  t.equal(await refusedBy(app, ...forgedRun(at, code)), undefined);
  const [run, input, step] = forgedRun(at, code);
  t.equal(await refusedBy(app, run, input), "run_of_step", "no row says of which step it is");
  t.equal(await refusedBy(app, step), "step_run_of_step", "no run");
  const ofRun: [Row, string][] = [
    [{ mode: "'dry-run'" }, "run_of_approval"],
    [{ executor: "'sovereign'" }, "run_of_approval"],
    [{ rehearsal_ref: "NULL" }, "run_of_approval"],
    [{ auth_code: "'M1-unknown'" }, "run_of_approval"],
    [{ auth_code: "'STEP-forged'" }, "run_of_approval"],
    [{ auth_code: "'forged'" }, "run_of_approval"],
    [{ auth_code: "'forged'", build: "'plan-check'" }, "auth_code_form"],
    [{ auth_code: "'GBA-forged'" }, "run_of_grant"],
    [{ status: "'succeeded'", finished_at: now }, "run_transition"],
    [{ reserved: "true", lease_name: "'x'", fencing_token: "1" }, "run_transition"],
    [{ database: "'elsewhere'" }, "step_run_of_step"],
    [{ build: "'plan-step-rollback'" }, "step_run_of_step"],
    [{ build: "'c1-vocabulary'" }, "step_run_of_step"],
  ];
  for (const [changes, constraint] of ofRun)
    t.equal(await refusedBy(app, ...forgedRun(at, code, { run: changes })), constraint, JSON.stringify(changes));
  const used = consumeSql(code, { idempotency_root: "'another'" });
  t.equal(await refusedBy(app, used, ...forgedRun(at, code)), "run_of_approval", "a used M-1");

  await register(service, guardedPlan("2"));
  const ofStep: [Row, string][] = [
    [{ act: "'rollback'" }, "step_run_of_step"],
    [{ step: "2" }, "step_run_of_step"],
    [{ step: "4" }, "step_run_of_step"],
    [{ approval_code: "NULL" }, "step_run_of_step"],
    [{ approval_code: "'M1-other'" }, "step_run_of_step"],
    [{ plan_id: "'other'" }, "step_run_of_step"],
  ];
  for (const [changes, constraint] of ofStep)
    t.equal(await refusedBy(app, ...forgedRun(at, code, { step: changes })), constraint, JSON.stringify(changes));
  const [, , elsewhere] = forgedRun(at, code, { step: { revision: "'2'" } });
  t.match(await refusedBy(app, run, input, elsewhere), /^(run_of_approval|step_run_of_step)$/, "another revision");

  const reserve = `UPDATE c1_build_run SET reserved = true, lease_name = 'plan-default', fencing_token = 9 WHERE idempotency_root = 'forged'`;
  const forged = forgedRun(at, code);
  t.equal(await refusedBy(app, ...forged, reserve), "run_needs_receipt", "unused");
  const byOther = consumeSql(code, { consumed_by: "'other-builder'" });
  t.equal(await refusedBy(app, ...forged, byOther, reserve), "run_needs_receipt", "used by another");
  t.equal(await refusedBy(app, ...forged, used, reserve), "run_needs_receipt", "used for another run");
  t.equal(await refusedBy(app, ...forged, consumeSql(code), reserve), undefined);
  const done = `UPDATE c1_build_run SET status = 'succeeded', finished_at = ${now} WHERE idempotency_root = 'forged'`;
  t.equal(await refusedBy(app, ...forged, done), "advances_under_grant");
});

t.test("PLAN-3 no rehearsal of a step is made up", async (t) => {
  const at = await guardedPlace(t);
  const { app, service, plan } = at;
  const code = await approve(service, plan, 1, at.rehearsal);
  const put = (said: string): string =>
    `INSERT INTO rehearsals (rehearsal_ref, content)
     SELECT 'sha256:' || encode(sha256(convert_to(c, 'UTF8')), 'hex'), c
       FROM (SELECT (content::jsonb || ${said})::text AS c FROM rehearsals WHERE rehearsal_ref = '${at.rehearsal}') AS said`;
  t.equal(await refusedBy(app, put(`'{"idempotency_root": "unknown"}'`)), "rehearsal_of_dry_run");
  t.equal(await refusedBy(app, put(`'{"delta": "none"}'`)), "one_rehearsal_per_run");
  t.equal(await refusedBy(app, put(`'{"database": "elsewhere"}'`)), "rehearsal_of_dry_run");
  t.equal(await refusedBy(app, put(`'{"build": "plan-step-rollback"}'`)), "rehearsal_of_dry_run");
  const ofCommit = put(`'{"idempotency_root": "forged", "auth_code": "${code}"}'`);
  t.equal(await refusedBy(app, ...forgedRun(at, code), ofCommit), "rehearsal_of_dry_run", "of a commit");
  const dry = {
    run: { mode: "'dry-run'", auth_code: "'STEP-forged'", rehearsal_ref: "NULL" },
    step: { approval_code: "NULL" },
  };
  const ofDry = forgedRun(at, code, { ...dry, input: `i.content::jsonb` });
  const unused = put(`'{"idempotency_root": "forged", "auth_code": "STEP-forged"}'`);
  t.equal(await refusedBy(app, ...ofDry, unused), "rehearsal_of_dry_run", "of a run that has not reserved");
});

t.test("PLAN-6 the ledger says what runs have come to, and nothing else", async (t) => {
  const at = await guardedPlace(t);
  const { app, service, plan } = at;
  const code = await approve(service, plan, 1, at.rehearsal);
  const ofStep2 = { step: "2", step_digest: "'x'" };
  const forged: [Row, string][] = [
    [{}, "ledger_of_run"],
    [{ outcome: "'rolled_back'" }, "ledger_of_run"],
    [{ outcome: "'anything'" }, "ledger_of_run"],
    [{ idempotency_root: `'${at.rehearsedBy}'` }, "ledger_of_run"],
    [{ idempotency_root: `'${at.rehearsedBy}'`, outcome: "'rehearsed'" }, "ledger_of_run"],
    [{ idempotency_root: `'${at.rehearsedBy}'`, outcome: "'rehearsed'", step_digest: "'x'" }, "ledger_of_run"],
    [{ idempotency_root: `'${at.rehearsedBy}'`, outcome: "'rehearsed'", act: "'rollback'" }, "ledger_of_run"],
    [{ plan_digest: "'sha256:00'" }, "ledger_of_revision"],
    [{ revision: "'2'" }, "ledger_of_revision"],
    [ofStep2, "ledger_of_run"],
    [{ ...ofStep2, outcome: "'failed'", documents: "'[]'" }, "ledger_of_run"],
    [{ step: "99" }, "ledger_of_run"],
  ];
  for (const [changes, constraint] of forged)
    t.equal(await refusedBy(app, forgedLine(at, changes)), constraint, JSON.stringify(changes));
  const started = forgedRun(at, code);
  t.equal(
    await refusedBy(app, ...started, forgedLine(at, { approval_code: `'${code}'` })),
    "ledger_of_run",
    "under way",
  );

  const { run } = await act(service, plan, 1, "commit", code);
  t.equal(run.status, "succeeded", JSON.stringify(run.error));
  const { rows } = await app.query<{ seq: string; outcome: string }>(
    "SELECT seq, outcome FROM plan_ledger ORDER BY seq",
  );
  t.same(rows, [
    { seq: "1", outcome: "rehearsed" },
    { seq: "2", outcome: "committed" },
  ]);
});

t.test("PLAN-1 what is on record of plans stays, whoever writes", async (t) => {
  const at = await guardedPlace(t);
  const { app, owner, service, plan } = at;
  await act(service, plan, 1, "commit", await approve(service, plan, 1, at.rehearsal));
  const columns = {
    plan_revisions: "content",
    plan_step_runs: "step",
    plan_ledger: "outcome",
    proposal_signatures: "jws",
  };
  for (const [table, column] of Object.entries(columns)) {
    const change = `UPDATE ${table} SET ${column} = ${column}`;
    t.equal(await refusedBy(app, change), "42501", change);
    if (table !== "proposal_signatures") t.equal(await refusedBy(owner, change), "append_only", change);
  }
  t.equal(await refusedBy(app, `UPDATE plans SET created_at = ${now}`), "append_only", "a lock needs the privilege");
  for (const column of [
    "plan_digest",
    "step",
    "act",
    "rehearsal_ref",
    "executor",
    "expires_at",
    "granted_by",
    "signed",
  ]) {
    const change = `UPDATE os_proposal_approvals SET ${column} = ${column}`;
    t.equal(await refusedBy(app, change), "42501", change);
  }
  t.equal(
    await refusedBy(owner, `UPDATE os_proposal_approvals SET expires_at = expires_at + interval '1 day'`),
    "approval_immutable",
  );
  const removed = {
    plans: "append_only",
    plan_revisions: "append_only",
    plan_step_runs: "append_only",
    plan_ledger: "append_only",
  };
  for (const [table, constraint] of Object.entries({ ...removed, os_proposal_approvals: "never_deleted" })) {
    t.equal(await refusedBy(app, `DELETE FROM ${table}`), "42501", table);
    t.equal(await refusedBy(owner, `DELETE FROM ${table}`), constraint, table);
  }
  for (const table of [...Object.keys(removed), "proposal_signatures", "os_proposal_approvals", "council_records"]) {
    t.equal(await refusedBy(app, `TRUNCATE ${table} CASCADE`), "42501", table);
    t.equal(await refusedBy(owner, `TRUNCATE ${table} CASCADE`), "never_truncated", table);
  }
  const revision = (changes: string): string =>
    `INSERT INTO plan_revisions (plan_id, revision, plan_digest, content, source, registered_by)
     SELECT ${changes}, source, registered_by FROM plan_revisions`;
  const digest = "'sha256:' || encode(sha256(convert_to(content, 'UTF8')), 'hex')";
  t.equal(await refusedBy(app, revision("plan_id, '2', plan_digest, content || ' '")), "plan_digest_of_content");
  t.equal(await refusedBy(app, revision(`plan_id, '2', ${digest}, content`)), "plan_of_content");
  t.equal(await refusedBy(app, revision(`plan_id, revision, ${digest}, content`)), "plan_revisions_pkey");
  t.equal(await refusedBy(app, "INSERT INTO plan_revisions (plan_id, target) VALUES ('guarded', 'x')"), "428C9");
});
