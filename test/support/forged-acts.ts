import { type GuardedPlace, insertSql } from "./guarded-plan.ts";

const now = "clock_timestamp()";
/** Columns with the SQL of their values. */
export type Row = Readonly<Record<string, string>>;

/** The rows of a run that the app role makes up: the run, its input, and the step that it says it is of. */
export function forgedRun(
  { plan, rehearsal, rehearsedBy }: GuardedPlace,
  code: string,
  changes: { run?: Row; step?: Row; input?: string } = {},
): [run: string, input: string, step: string] {
  const run = insertSql("c1_build_run", {
    idempotency_root: "'forged'",
    build: "'plan-step'",
    mode: "'commit'",
    auth_code: `'${code}'`,
    executor: "'c1-builder'",
    environment: "'default'",
    database: "'default'",
    bindings: "'{}'",
    input_digest: "'x'",
    rehearsal_ref: `'${rehearsal}'`,
    state: "'S0'",
    claimed_until: `${now} + interval '1 hour'`,
    request_id: "'x'",
    work_by: `${now} + interval '1 hour'`,
    ...changes.run,
  });
  const seen = `(SELECT fingerprint FROM rehearsals WHERE rehearsal_ref = '${rehearsal}')`;
  const honest = `i.content::jsonb || jsonb_build_object('rehearsal', false, 'entry_fingerprint', ${seen})`;
  const input = `INSERT INTO c1_build_run_input (idempotency_root, content)
    SELECT 'forged', (${changes.input ?? honest})::text FROM c1_build_run_input i WHERE i.idempotency_root = '${rehearsedBy}'`;
  const step = insertSql("plan_step_runs", {
    idempotency_root: "'forged'",
    plan_id: `'${plan.plan_id}'`,
    revision: "'1'",
    step: "1",
    act: "'commit'",
    step_digest: `(SELECT step_digest FROM plan_step_runs WHERE idempotency_root = '${rehearsedBy}')`,
    approval_code: `'${code}'`,
    ...changes.step,
  });
  return [run, input, step];
}

/** A line of the ledger that the app role makes up. */
export function forgedLine({ plan, rehearsedBy }: GuardedPlace, changes: Row = {}): string {
  return insertSql("plan_ledger", {
    plan_id: `'${plan.plan_id}'`,
    seq: "1",
    revision: "'1'",
    plan_digest: `'${plan.plan_digest}'`,
    step: "1",
    step_digest: `(SELECT step_digest FROM plan_step_runs WHERE idempotency_root = '${rehearsedBy}')`,
    act: "'commit'",
    outcome: "'committed'",
    idempotency_root: "'forged'",
    recorded_by: "'c1-builder'",
    ...changes,
  });
}
