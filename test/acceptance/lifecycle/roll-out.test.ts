import t, { type Test } from "tap";
import { recordEnactment, useUnits } from "../../support/lifecycle.ts";
import {
  act,
  planFile,
  readPlan,
  type Registered,
  register,
  setPlace,
  stepUrl,
  wholeAct,
} from "../../support/plans.ts";
import type { Target } from "../../support/runs.ts";
import type { Service } from "../../support/service.ts";
import { governedState } from "./governed-state.ts";

t.setTimeout(280_000);

const phases = [1, 2, 3, 4, 5] as const;

/** A phase is refused that is not its turn, and one without its record. */
async function refused(t: Test, service: Service, plan: Registered, step: number): Promise<void> {
  const body = { idempotency_root: `no-record-${step}` };
  const bare = await service.call("POST", stepUrl(plan, step, "commit"), { as: "c1-builder", body });
  t.match(bare, { status: 409, body: { code: "STEP_NEEDS_RECORD" } }, `phase ${step} without its record`);
  // There is nothing to rehearse of phase 6.
  for (const what of step === 5 ? ["commit"] : ["commit", "rehearse"]) {
    const early = await service.call("POST", stepUrl(plan, step + 1, what), {
      as: "c1-builder",
      body: { idempotency_root: `early-${what}-${step}` },
    });
    t.match(early, { status: 409, body: { code: "STEP_OUT_OF_ORDER" } }, `phase ${step + 1} before phase ${step}`);
  }
}

/** What differs between two states: the names of it. */
function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.filter((name) => before[name] !== after[name]);
}

const data = ["rows public.information_unit", "rows public.unit_version", "rows public.birth_registry"];
const enactFunction = "function fn_iu_enact(text,text,uuid,text,uuid,text,text,boolean)";

/** What each phase changes of the whole target, and nothing else. */
const changes: Readonly<Record<(typeof phases)[number], readonly string[]>> = {
  1: [
    "function fn_iu_lifecycle_log_append_only()",
    "relation public.iu_lifecycle_log",
    "relation public.iu_lifecycle_log_log_id_seq",
    "relation public.iu_lifecycle_log_of_decision",
    "relation public.iu_lifecycle_log_of_run",
    "relation public.iu_lifecycle_log_of_unit",
    "relation public.iu_lifecycle_log_pkey",
    "relation public.iu_lifecycle_log_version_once",
    "relation public.iu_lifecycle_vocab",
    "relation public.iu_lifecycle_vocab_pkey",
    "rows public.iu_lifecycle_log",
    "rows public.iu_lifecycle_vocab",
    "trigger trg_aa_iu_lifecycle_log_append_only on public.iu_lifecycle_log",
    "trigger trg_aa_iu_lifecycle_log_gateway on public.iu_lifecycle_log",
    "trigger trg_aa_iu_lifecycle_vocab_gateway on public.iu_lifecycle_vocab",
    "trigger trg_ab_iu_lifecycle_log_append_only_row on public.iu_lifecycle_log",
    "trigger trg_ab_iu_lifecycle_log_gateway_row on public.iu_lifecycle_log",
    "trigger trg_ab_iu_lifecycle_vocab_gateway_row on public.iu_lifecycle_vocab",
  ],
  2: [
    "function fn_iu_enacted_immut()",
    "function fn_uv_enacted_immut()",
    "trigger trg_aa_iu_gateway_write_guard on public.information_unit",
    "trigger trg_aa_uv_gateway_write_guard on public.unit_version",
    "trigger trg_iu_enacted_immut on public.information_unit",
    "trigger trg_uv_enacted_immut on public.unit_version",
  ],
  3: [enactFunction],
  4: [enactFunction, "rows public.dot_config"],
  5: ["function fn_iu_apply_edit_draft(text,text,text,text)"],
};

/** What the document says of counts, grants, settings and triggers, asked of the catalog. */
async function asTheDocumentSays(t: Test, { query }: Pick<Target, "query">): Promise<void> {
  const [found] = await query(`
    SELECT (SELECT jsonb_build_array(count(*), count(*) FILTER (WHERE canonical_address LIKE 'ICX-CONST/%' AND lifecycle_status = 'draft'))
              FROM information_unit) AS units,
           (SELECT count(*)::int FROM unit_version) AS versions,
           (SELECT count(*)::int FROM iu_lifecycle_log) AS log,
           (SELECT jsonb_agg(tgname || ' ' || tgenabled::text ORDER BY tgname) FROM pg_trigger
             WHERE tgrelid = 'information_unit'::regclass AND NOT tgisinternal) AS unit_triggers,
           (SELECT jsonb_agg(tgname || ' ' || tgenabled::text ORDER BY tgname) FROM pg_trigger
             WHERE tgrelid = 'unit_version'::regclass AND NOT tgisinternal) AS version_triggers,
           (SELECT jsonb_agg(DISTINCT tgenabled::text) FROM pg_trigger
             WHERE tgrelid IN ('iu_lifecycle_vocab'::regclass, 'iu_lifecycle_log'::regclass) AND NOT tgisinternal) AS new_triggers,
           (SELECT jsonb_object_agg(relname, relowner::regrole::text || ' ' || relacl::text) FROM pg_class
             WHERE oid IN ('iu_lifecycle_vocab'::regclass, 'iu_lifecycle_log'::regclass)) AS tables,
           (SELECT jsonb_object_agg(proname, jsonb_build_array(proowner::regrole::text, prosecdef, proacl::text, proconfig)) FROM pg_proc
             WHERE proname IN ('fn_iu_enact', 'fn_iu_enacted_immut', 'fn_uv_enacted_immut')) AS functions`);
  const own = "directus=X/directus";
  const path = "search_path=pg_catalog, pg_temp";
  t.same(found, {
    units: [158, 60],
    versions: 165,
    log: 0,
    unit_triggers: [
      "trg_aa_iu_gateway_write_guard A",
      "trg_iu_birth_auto O",
      "trg_iu_birth_l1 O",
      "trg_iu_birth_l2 O",
      "trg_iu_enacted_immut A",
      "trg_iu_updated_at O",
    ],
    version_triggers: ["trg_aa_uv_gateway_write_guard A", "trg_uv_enacted_immut A", "trg_uv_notif_version O"],
    new_triggers: ["A"],
    tables: {
      iu_lifecycle_vocab:
        "directus {directus=arwdDxtm/directus,=r/directus,context_pack_readonly=r/directus,cutter_exec=r/directus,cutter_verify=r/directus}",
      iu_lifecycle_log:
        "directus {directus=arwdDxtm/directus,context_pack_readonly=r/directus,cutter_exec=r/directus,cutter_verify=r/directus,workflow_admin=r/directus}",
    },
    functions: {
      fn_iu_enact: [
        "directus",
        true,
        `{${own},cutter_exec=X/directus,workflow_admin=X/directus}`,
        [path, "app.canonical_writer=fn_iu_enact"],
      ],
      fn_iu_enacted_immut: ["directus", false, `{${own}}`, [path]],
      fn_uv_enacted_immut: ["directus", false, `{${own}}`, [path]],
    },
  });
}

t.test(
  "LIFE-3 LIFE-4 the roll-out runs phase by phase: refused, committed, rolled back, committed again",
  async (t) => {
    const target = await useUnits(t);
    const { service } = await setPlace(t, { target });
    const plan = await register(service, await planFile("lifecycle-enactment.yaml"));

    const stopped = (await act(service, plan, 0, "commit")).run;
    t.match(
      stopped,
      { status: "stopped", error: { code: "STOP_CONDITION", detail: /P0\.3, no review decision/ } },
      "phase 0 stops while nobody has decided on the enactment: the decision that approved the creation is another one",
    );
    await recordEnactment(target);
    t.match((await act(service, plan, 0, "commit")).run, { status: "succeeded" }, "phase 0");
    const baseline = await governedState(target);

    for (const step of phases) {
      await refused(t, service, plan, step);
      const before = await governedState(target);
      t.match((await wholeAct(service, plan, step)).run, { status: "succeeded" }, `phase ${step} is committed`);
      const after = await governedState(target);
      t.same(changed(before, after), changes[step], `phase ${step} changes what the document says, and nothing else`);
      t.match(
        (await wholeAct(service, plan, step, "rollback")).run,
        { status: "succeeded" },
        `phase ${step} goes back`,
      );
      t.same(await governedState(target), before, `after the rollback of phase ${step} all is as before the phase`);
      t.match((await wholeAct(service, plan, step)).run, { status: "succeeded" }, `phase ${step} is committed again`);
      t.same(await governedState(target), after, `phase ${step} makes the same again`);
    }
    const installed = await governedState(target);
    for (const name of data) t.equal(installed[name], baseline[name], `${name}: as before the roll-out`);
    await asTheDocumentSays(t, target);

    const documents = ["P6.1 adapter and its tests", "P6.2 enact sub-command", "P6.3 iu-lifecycle-enactment readme"];
    const handOver = (names: readonly string[]) => ({
      idempotency_root: `hand-over-${names.length}`,
      documents: names.map((name) => ({ name, digest: `sha256:${"a".repeat(64)}` })),
    });
    const incomplete = await service.call("POST", stepUrl(plan, 6, "commit"), {
      as: "c1-builder",
      body: handOver(documents),
    });
    t.match(incomplete.body, { code: "DOCUMENTS_MISSING" }, "phase 6 without its approval package");
    const whole = await service.call("POST", stepUrl(plan, 6, "commit"), {
      as: "c1-builder",
      body: handOver([...documents, "P6.4 pre-execution approval package"]),
    });
    t.ok(whole.status < 300, `phase 6 is on record: ${JSON.stringify(whole.body)}`);
    const { steps } = await readPlan(service, plan);
    t.same([...new Set(steps.map(({ status }) => status))], ["committed"], "all seven phases are committed");
    t.same(await governedState(target), installed, "phase 6 has no part in the database");
  },
);
