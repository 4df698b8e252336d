import t from "tap";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import {
  act,
  approve,
  planFile,
  readPlan,
  register,
  rehearse,
  setPlace,
  stepUrl,
  wholeAct,
} from "../../support/plans.ts";
import type { Target } from "../../support/runs.ts";

t.setTimeout(200_000);

interface Line {
  readonly kind: string;
  readonly name: string;
  readonly is: string | null;
}

/** What is in the schemas of the units, told apart from the service's own way to tell it; but for when keys were last written. */
async function stateOf(target: Target): Promise<Line[]> {
  return target.query<Line>(`
    WITH ours (oid) AS (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'cutter_governance'))
    SELECT 'function' AS kind, p.oid::regprocedure::text AS name, concat_ws(' ', md5(pg_get_functiondef(p.oid)), p.proowner::regrole, p.proacl) AS is
      FROM pg_proc AS p WHERE p.pronamespace IN (SELECT oid FROM ours)
    UNION ALL SELECT 'constraint', k.conrelid::regclass || ' ' || k.conname, concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated)
      FROM pg_constraint AS k WHERE k.connamespace IN (SELECT oid FROM ours)
    UNION ALL SELECT 'trigger', t.tgrelid::regclass || ' ' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace IN (SELECT oid FROM ours) AND NOT t.tgisinternal
    UNION ALL SELECT 'policy', p.polrelid::regclass || ' ' || p.polname, concat_ws(' ', p.polcmd, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid))
      FROM pg_policy AS p
    UNION ALL SELECT 'relation', c.oid::regclass::text, concat_ws(' ', c.relkind, c.relowner::regrole, c.relacl, c.relrowsecurity, c.relforcerowsecurity)
      FROM pg_class AS c WHERE c.relnamespace IN (SELECT oid FROM ours) AND c.relname NOT LIKE 'countersign%'
    UNION ALL SELECT 'key', key, value FROM dot_config
    UNION ALL SELECT 'unit', canonical_address, md5(u::text) FROM information_unit AS u
    UNION ALL SELECT 'version', id::text, md5(v::text) FROM unit_version AS v
    UNION ALL SELECT 'word', code, md5(w::text) FROM iu_lifecycle_vocab AS w
    UNION ALL SELECT 'log', log_id::text, md5(l::text) FROM iu_lifecycle_log AS l
    UNION ALL SELECT 'decision', id::text, md5(d::text) FROM cutter_governance.review_decision AS d
    ORDER BY 1, 2`);
}

/** The objects and keys that a step makes or changes, as lines of the state. */
const differs: Readonly<Record<number, readonly string[]>> = {
  1: [
    "function fn_iu_amend_identity_profile(text,jsonb,text,uuid,text,text,boolean)",
    "function fn_iu_decision_refusal(text,text,uuid,uuid)",
    "function fn_iu_retire(text,text,uuid,uuid,text,text,boolean)",
    "function fn_iu_supersede(text,uuid,uuid,text,uuid,uuid,text,text,boolean)",
    "key iu_amend_identity_profile.allowed_keys",
    "key iu_create.gateway.allowed_marker_values",
  ],
  2: [
    "constraint information_unit information_unit_lifecycle_status_fkey",
    "constraint unit_version unit_version_lifecycle_status_fkey",
  ],
  3: [
    "constraint information_unit information_unit_lifecycle_status_fkey",
    "constraint unit_version unit_version_lifecycle_status_fkey",
  ],
  4: [
    "policy iu_lifecycle_log iu_lifecycle_log_append",
    "policy iu_lifecycle_log iu_lifecycle_log_read",
    "relation iu_lifecycle_log",
  ],
};

function differences(before: readonly Line[], after: readonly Line[]): string[] {
  const lines = (rows: readonly Line[]) => new Map(rows.map((row) => [`${row.kind} ${row.name}`, row.is]));
  const [was, is] = [lines(before), lines(after)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name)).sort();
}

t.test(
  "LIFE-7 the backlog: each step rehearsed, refused without its record, committed, rolled back, committed again",
  async (t) => {
    const target = await useUnits(t);
    await installPlan(target, "lifecycle-enactment.yaml");
    const { service } = await setPlace(t, { target });
    const plan = await register(service, await planFile("lifecycle-backlog.yaml"));
    t.match((await act(service, plan, 0, "commit")).run, { status: "succeeded" }, "the roll-out is found complete");
    for (const step of [1, 2, 3, 4]) {
      const before = await stateOf(target);
      const bare = { as: "c1-builder", body: { idempotency_root: `bare-${step}` } } as const;
      t.match(await service.call("POST", stepUrl(plan, step, "commit"), bare), {
        status: 409,
        body: { code: "STEP_NEEDS_RECORD" },
      });
      const rehearsed = await rehearse(service, plan, step);
      t.match(
        rehearsed.run,
        { status: "succeeded", rehearsal: { passed: true } },
        `step ${step}: ${JSON.stringify(rehearsed.run.error)}`,
      );
      t.same(await stateOf(target), before, `the rehearsal of step ${step} has left nothing`);
      const code = await approve(service, plan, step, rehearsed.run.rehearsal?.rehearsal_ref);
      const done = await act(service, plan, step, "commit", code);
      t.match(done.run, { status: "succeeded", mode: "commit" }, `step ${step}: ${JSON.stringify(done.run.error)}`);
      const after = await stateOf(target);
      t.same(differences(before, after), differs[step], `step ${step} has changed this and nothing else`);
      const back = await wholeAct(service, plan, step, "rollback");
      t.match(back.run, { status: "succeeded" }, `step ${step} is rolled back: ${JSON.stringify(back.run.error)}`);
      t.same(await stateOf(target), before, `step ${step} has left nothing`);
      t.match((await wholeAct(service, plan, step)).run, { status: "succeeded" }, `step ${step} is committed again`);
      t.same(await stateOf(target), after);
    }
    const { steps } = await readPlan(service, plan);
    t.same(
      steps.map(({ status }) => status),
      Array.from({ length: 5 }, () => "committed"),
    );
  },
);
