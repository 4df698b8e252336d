import t from "tap";
import { approve, recordCouncil } from "../support/plans.ts";
import { consumeSql, type GuardedPlace, guardedPlace, refusedBy } from "../support/guarded-plan.ts";
import { forgedLine, forgedRun } from "../support/forged-acts.ts";

t.setTimeout(240_000);

t.test("PLAN-2 what a run works with is the revision's own content, and no other SQL goes under an M-1", async (t) => {
  const at = await guardedPlace(t);
  const { app, service, plan } = at;
  const code = await approve(service, plan, 1, at.rehearsal);
  const seen = `(SELECT fingerprint FROM rehearsals WHERE rehearsal_ref = '${at.rehearsal}')`;
  const honest = `i.content::jsonb || jsonb_build_object('rehearsal', false, 'entry_fingerprint', ${seen})`;
  const inputs = {
    "other SQL": `jsonb_set(${honest}, '{plan,steps,0,sql}', '"DROP TABLE public.t"')`,
    "another step": `${honest} || '{"step": 4}'`,
    "another act": `${honest} || '{"act": "rollback"}'`,
    "no backup": `${honest} || '{"rehearsal": true}'`,
    "no fingerprint": `${honest} || '{"entry_fingerprint": null}'`,
    "another fingerprint": `${honest} || '{"entry_fingerprint": "sha256:00"}'`,
    "another digest of the plan": `${honest} || '{"plan_digest": "sha256:00"}'`,
    nothing: "'{}'::jsonb",
  };
  for (const [name, input] of Object.entries(inputs))
    t.equal(await refusedBy(app, ...forgedRun(at, code, { input })), "step_run_of_step", name);
  const [run, , step] = forgedRun(at, code);
  t.equal(await refusedBy(app, run, step), "step_run_of_step", "no input");
  t.equal(await refusedBy(app, ...forgedRun(at, code, { step: { step_digest: "'x'" } })), "step_run_of_step");
  t.equal(await refusedBy(app, ...forgedRun(at, code, { run: { environment: "'staging'" } })), "step_run_of_step");
  const look = {
    run: { build: "'plan-check'", auth_code: "'STEP-forged'", rehearsal_ref: "NULL" },
    step: { step: "4", approval_code: "NULL" },
  };
  const smuggled = `jsonb_set(jsonb_set(${honest} || '{"step": 4, "entry_fingerprint": null}', '{plan,steps,3,kind}', '"sql"'), '{plan,steps,3,sql}', '"DROP TABLE public.t"')`;
  t.equal(
    await refusedBy(app, ...forgedRun(at, code, { ...look, input: smuggled })),
    "step_run_of_step",
    "SQL in a check, under nothing",
  );
  const dry = {
    run: { mode: "'dry-run'", auth_code: "'STEP-forged'", rehearsal_ref: "NULL" },
    step: { step: "99", approval_code: "NULL" },
  };
  t.equal(
    await refusedBy(app, ...forgedRun(at, code, { ...dry, input: `i.content::jsonb || '{"step": 99}'` })),
    "step_run_of_step",
    "no such step",
  );
});

const minutes = (root: string, by: string, code?: string) => ({
  step: "2",
  step_digest: "'x'",
  documents: `'[{"name": "minutes", "digest": "sha256:00"}]'`,
  idempotency_root: `'${root}'`,
  recorded_by: `'${by}'`,
  approval_code: code === undefined ? "NULL" : `'${code}'`,
});

t.test(
  "PLAN-6 a record step is on record under its used M-1 only, with its documents, by whom it was used",
  async (t) => {
    const at: GuardedPlace = await guardedPlace(t);
    const { app, service, plan } = at;
    await recordCouncil(service, plan, 2, "C-1");
    const code = await approve(service, plan, 2);
    const line = (changes = {}) => forgedLine(at, { ...minutes("forged", "c1-builder", code), ...changes });
    t.equal(await refusedBy(app, consumeSql(code), line()), undefined);
    t.equal(await refusedBy(app, line()), "ledger_of_run", "unused");
    t.equal(await refusedBy(app, line({ approval_code: "NULL" })), "ledger_of_run", "none");
    t.equal(await refusedBy(app, consumeSql(code), line({ recorded_by: "'other-builder'" })), "ledger_of_run");
    t.equal(await refusedBy(app, consumeSql(code), line({ idempotency_root: "'another'" })), "ledger_of_run");
    t.equal(await refusedBy(app, consumeSql(code), line({ act: "'rollback'" })), "ledger_of_run");
    t.equal(await refusedBy(app, consumeSql(code), line({ documents: "'[]'" })), "ledger_of_run");
    t.equal(await refusedBy(app, consumeSql(code), line({ documents: `'[{"name": "other"}]'` })), "ledger_of_run");
    t.equal(await refusedBy(app, consumeSql(code), line(), line()), "one_line_per_root");
    const asRun = consumeSql(code, { idempotency_root: `'${at.rehearsedBy}'` });
    t.match(
      await refusedBy(app, asRun, line({ idempotency_root: `'${at.rehearsedBy}'` })),
      /^(one_line_per_root|ledger_of_run)$/,
    );
    const m1 = await approve(service, plan, 1, at.rehearsal);
    t.equal(
      await refusedBy(app, consumeSql(code), line(), ...forgedRun(at, m1)),
      "root_is_taken",
      "a run under its root",
    );
    t.equal(
      await refusedBy(app, ...forgedRun(at, m1), consumeSql(code), line()),
      "ledger_of_run",
      "a record under a run's root",
    );
  },
);

t.test("PLAN-6 a run of a step does not end without its line, and the line says what it has come to", async (t) => {
  const at = await guardedPlace(t);
  const { app, service, plan } = at;
  const code = await approve(service, plan, 1, at.rehearsal);
  const reserve = `UPDATE c1_build_run SET reserved = true, lease_name = 'plan-forged', fencing_token = 9 WHERE idempotency_root = 'forged'`;
  const end = (status: string) =>
    `UPDATE c1_build_run SET status = '${status}', finished_at = clock_timestamp(), stop_state = ${status === "stopped" ? "'COMP_STEP'" : "NULL"} WHERE idempotency_root = 'forged'`;
  const begun = [...forgedRun(at, code), consumeSql(code), reserve];
  const line = (changes = {}) => forgedLine(at, { approval_code: `'${code}'`, ...changes });
  const ok = (direction: string) =>
    `INSERT INTO c1_build_run_state (idempotency_root, direction, state, attempt, status, finished_at) VALUES ('forged', '${direction}', 'S3', 1, 'ok', clock_timestamp())`;
  t.equal(await refusedBy(app, ...begun, end("succeeded")), "ledger_line_of_run");
  t.equal(await refusedBy(app, ...begun, end("stopped")), "ledger_line_of_run");
  t.equal(await refusedBy(app, ...begun, end("succeeded"), line()), undefined);
  t.equal(await refusedBy(app, ...begun, end("succeeded"), line({ recorded_by: "'other-builder'" })), "ledger_of_run");
  t.equal(await refusedBy(app, ...begun, end("succeeded"), line({ approval_code: "NULL" })), "ledger_of_run");
  t.equal(await refusedBy(app, ...begun, end("succeeded"), line({ outcome: "'failed'" })), "ledger_of_run");
  t.equal(await refusedBy(app, ...begun, end("stopped"), line()), "ledger_of_run");
  t.equal(
    await refusedBy(app, ...begun, ok("forward"), end("stopped"), line({ outcome: "'failed'" })),
    "ledger_of_run",
  );
  t.equal(
    await refusedBy(app, ...begun, ok("forward"), end("stopped"), line({ outcome: "'undone'" })),
    "ledger_of_run",
  );
  t.equal(
    await refusedBy(app, ...begun, ok("forward"), ok("undo"), end("stopped"), line({ outcome: "'retired'" })),
    "ledger_of_run",
  );
  const contradicted = line({ outcome: "'contradicted'" });
  const undone = line({ outcome: "'undone'" });
  t.equal(
    await refusedBy(app, ...begun, ok("forward"), end("stopped"), contradicted, ok("undo"), undone),
    undefined,
    "undone later",
  );
  t.equal(
    await refusedBy(app, ...begun, ok("forward"), ok("undo"), end("stopped"), undone, contradicted),
    "ledger_of_run",
  );
  t.equal(
    await refusedBy(app, ...begun, ok("forward"), end("stopped"), contradicted, contradicted),
    "one_line_per_root",
  );
});
