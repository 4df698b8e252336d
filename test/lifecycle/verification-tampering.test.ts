import t from "tap";
import { useUnits } from "../support/lifecycle.ts";
import { failures, findings, installSteps, openTarget, verifyLifecycle } from "./verification-scene.ts";

t.setTimeout(240_000);

interface Tampering {
  readonly what: string;
  /** As a superuser. */
  readonly tamper: string;
  readonly undo: string;
  /** The rows that fail, and no others. */
  readonly fails: readonly string[];
}

const enact = "public.fn_iu_enact(text, text, uuid, text, uuid, text, text, boolean)";
const guard = "public.fn_iu_gateway_write_guard";
const changes = "cutter_governance.cut_change_set";
const tablePrivileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"];
const log = "public.iu_lifecycle_log";

const tamperings: readonly Tampering[] = [
  {
    what: "a function's owner",
    tamper: `ALTER FUNCTION ${guard}() OWNER TO CURRENT_USER`,
    undo: `ALTER FUNCTION ${guard}() OWNER TO directus; REVOKE ALL ON FUNCTION ${guard}() FROM PUBLIC`,
    fails: ["doors", `${guard} directus EXECUTE`, `owner ${guard}`],
  },
  {
    what: "a table's owner",
    tamper: `ALTER TABLE ${changes} OWNER TO CURRENT_USER`,
    undo: `ALTER TABLE ${changes} OWNER TO directus`,
    fails: [
      `cutter_governance_writes ${changes}`,
      `owner ${changes}`,
      ...tablePrivileges.map((privilege) => `${changes} directus ${privilege}`),
    ],
  },
  {
    what: "the right to execute, taken away",
    tamper: `REVOKE EXECUTE ON FUNCTION ${enact} FROM cutter_exec`,
    undo: `GRANT EXECUTE ON FUNCTION ${enact} TO cutter_exec`,
    fails: ["P-6", "public.fn_iu_enact cutter_exec EXECUTE"],
  },
  {
    what: "the right to execute, given to everybody",
    tamper: "GRANT EXECUTE ON FUNCTION public.fn_iu_enacted_immut() TO PUBLIC",
    undo: "REVOKE EXECUTE ON FUNCTION public.fn_iu_enacted_immut() FROM PUBLIC",
    fails: ["cutter_exec", "cutter_verify", "workflow_admin", "context_pack_readonly", "public"].map(
      (role) => `public.fn_iu_enacted_immut ${role} EXECUTE`,
    ),
  },
  {
    what: "the right to execute, given to one who is in no matrix",
    tamper: `GRANT EXECUTE ON FUNCTION ${enact} TO pg_monitor`,
    undo: `REVOKE EXECUTE ON FUNCTION ${enact} FROM pg_monitor`,
    fails: ["others public.fn_iu_enact"],
  },
  {
    what: "the right to hand a privilege on",
    tamper: `GRANT SELECT ON ${log} TO cutter_exec WITH GRANT OPTION`,
    undo: `REVOKE GRANT OPTION FOR SELECT ON ${log} FROM cutter_exec`,
    fails: [`others ${log}`],
  },
  {
    what: "a privilege on a table",
    tamper: `GRANT DELETE ON ${log} TO cutter_exec`,
    undo: `REVOKE DELETE ON ${log} FROM cutter_exec`,
    fails: [`${log} cutter_exec DELETE`],
  },
  {
    what: "a privilege on one column",
    tamper: "GRANT UPDATE (lifecycle_status) ON public.information_unit TO workflow_admin",
    undo: "REVOKE UPDATE (lifecycle_status) ON public.information_unit FROM workflow_admin",
    fails: ["others public.information_unit"],
  },
  {
    what: "the right to make objects",
    tamper: "GRANT CREATE ON SCHEMA public TO cutter_exec",
    undo: "REVOKE CREATE ON SCHEMA public FROM cutter_exec",
    fails: ["makers public"],
  },
  {
    what: "a trigger, disabled",
    tamper: "ALTER TABLE public.information_unit DISABLE TRIGGER trg_iu_enacted_immut",
    undo: "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_iu_enacted_immut",
    fails: ["trigger public.information_unit.trg_iu_enacted_immut"],
  },
  {
    what: "the gateway's own trigger, disabled",
    tamper: "ALTER TABLE public.information_unit DISABLE TRIGGER trg_aa_iu_gateway_write_guard",
    undo: "ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard",
    fails: ["B-5", "trigger public.information_unit.trg_aa_iu_gateway_write_guard"],
  },
  {
    what: "the gateway, turned off",
    tamper: "UPDATE public.dot_config SET value = 'off' WHERE key = 'iu_enact.mode'",
    undo: "UPDATE public.dot_config SET value = 'enforced' WHERE key = 'iu_enact.mode'",
    fails: ["B-1", "config iu_enact.mode"],
  },
  {
    what: "a trigger that a replica walks past",
    tamper: "ALTER TABLE public.unit_version ENABLE TRIGGER trg_aa_uv_gateway_write_guard",
    undo: "ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_aa_uv_gateway_write_guard",
    fails: ["trigger public.unit_version.trg_aa_uv_gateway_write_guard"],
  },
  {
    what: "the triggers of a foreign key, disabled",
    tamper:
      "ALTER TABLE public.dot_config DISABLE TRIGGER ALL; ALTER TABLE public.iu_lifecycle_vocab DISABLE TRIGGER ALL",
    undo: `ALTER TABLE public.iu_lifecycle_vocab ENABLE TRIGGER ALL;
           ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_aa_iu_lifecycle_vocab_gateway;
           ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_ab_iu_lifecycle_vocab_gateway_row`,
    fails: [
      "trigger public.iu_lifecycle_vocab.of constraint information_unit_lifecycle_status_fkey",
      "trigger public.iu_lifecycle_vocab.of constraint unit_version_lifecycle_status_fkey",
      "trigger public.iu_lifecycle_vocab.trg_aa_iu_lifecycle_vocab_gateway",
      "trigger public.iu_lifecycle_vocab.trg_ab_iu_lifecycle_vocab_gateway_row",
    ],
  },
  {
    what: "one trigger more",
    tamper: `CREATE TRIGGER trg_zz_more BEFORE INSERT ON ${log} FOR EACH ROW EXECUTE FUNCTION public.fn_iu_updated_at()`,
    undo: `DROP TRIGGER trg_zz_more ON ${log}`,
    fails: [`trigger ${log}.trg_zz_more`],
  },
  {
    what: "a trigger with a condition",
    tamper: `DROP TRIGGER trg_uv_enacted_immut ON public.unit_version;
             CREATE TRIGGER trg_uv_enacted_immut BEFORE UPDATE ON public.unit_version FOR EACH ROW WHEN (NEW.version_seq > 1000)
               EXECUTE FUNCTION public.fn_uv_enacted_immut();
             ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_uv_enacted_immut`,
    undo: `DROP TRIGGER trg_uv_enacted_immut ON public.unit_version;
           CREATE TRIGGER trg_uv_enacted_immut BEFORE INSERT OR UPDATE OR DELETE ON public.unit_version FOR EACH ROW
             EXECUTE FUNCTION public.fn_uv_enacted_immut();
           ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_uv_enacted_immut`,
    fails: ["trigger public.unit_version.trg_uv_enacted_immut"],
  },
  {
    what: "whose rights a function runs with",
    tamper: `ALTER FUNCTION ${enact} SECURITY INVOKER`,
    undo: `ALTER FUNCTION ${enact} SECURITY DEFINER`,
    fails: ["P-3", "posture public.fn_iu_enact"],
  },
  {
    what: "the search path of a function",
    tamper: `ALTER FUNCTION ${guard}() SET search_path = public, pg_catalog`,
    undo: `ALTER FUNCTION ${guard}() SET search_path = pg_catalog, pg_temp`,
    fails: [`posture ${guard}`],
  },
  {
    what: "a value of the configuration",
    tamper: "UPDATE public.dot_config SET value = 'true' WHERE key = 'iu_enact.allow_no_review_decision'",
    undo: "UPDATE public.dot_config SET value = 'false' WHERE key = 'iu_enact.allow_no_review_decision'",
    fails: ["config iu_enact.allow_no_review_decision"],
  },
  {
    what: "one marker more",
    tamper: `UPDATE public.dot_config SET value = value || ',fn_evil' WHERE key = 'iu_create.gateway.allowed_marker_values'`,
    undo: `UPDATE public.dot_config SET value = replace(value, ',fn_evil', '') WHERE key = 'iu_create.gateway.allowed_marker_values'`,
    fails: ["B-markers", "dot_config_allowed_marker_values"],
  },
  {
    what: "a name of the vocabulary",
    tamper: `ALTER TABLE public.iu_lifecycle_vocab DISABLE TRIGGER USER;
             UPDATE public.iu_lifecycle_vocab SET name = 'Enacted' WHERE code = 'enacted';
             ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_aa_iu_lifecycle_vocab_gateway;
             ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_ab_iu_lifecycle_vocab_gateway_row`,
    undo: `ALTER TABLE public.iu_lifecycle_vocab DISABLE TRIGGER USER;
           UPDATE public.iu_lifecycle_vocab SET name = 'Đã ban hành' WHERE code = 'enacted';
           ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_aa_iu_lifecycle_vocab_gateway;
           ALTER TABLE public.iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_ab_iu_lifecycle_vocab_gateway_row`,
    fails: ["P-1"],
  },
  {
    what: "an index of the log",
    tamper: "DROP INDEX public.iu_lifecycle_log_of_run",
    undo: `CREATE INDEX iu_lifecycle_log_of_run ON ${log} (run_ref)`,
    fails: ["P-2", `indexes ${log}`],
  },
  {
    what: "a column of the log",
    tamper: `ALTER TABLE ${log} ALTER COLUMN actor DROP NOT NULL`,
    undo: `ALTER TABLE ${log} ALTER COLUMN actor SET NOT NULL`,
    fails: [`columns ${log}`],
  },
  {
    what: "a second function of the name",
    tamper: "CREATE FUNCTION public.fn_iu_enact(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    undo: "DROP FUNCTION public.fn_iu_enact(text)",
    fails: [
      "P-3",
      "fn_iu_enact_body_md5",
      "owner public.fn_iu_enact",
      "posture public.fn_iu_enact",
      ...["cutter_verify", "context_pack_readonly", "public"].map((role) => `public.fn_iu_enact ${role} EXECUTE`),
    ],
  },
  {
    what: "fn_iu_emergency_revert",
    tamper: "CREATE FUNCTION public.fn_iu_emergency_revert(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    undo: "DROP FUNCTION public.fn_iu_emergency_revert(text)",
    fails: ["B-emergency"],
  },
  {
    what: "a rule",
    tamper: "CREATE RULE zz AS ON UPDATE TO public.birth_registry DO INSTEAD NOTHING",
    undo: "DROP RULE zz ON public.birth_registry",
    fails: ["rules public.birth_registry"],
  },
  {
    what: "a column of the base that may be empty",
    tamper: "ALTER TABLE public.unit_version ALTER COLUMN content_digest DROP NOT NULL",
    undo: "ALTER TABLE public.unit_version ALTER COLUMN content_digest SET NOT NULL",
    fails: ["columns public.unit_version"],
  },
  {
    what: "row security",
    tamper: `ALTER TABLE ${log} DISABLE ROW LEVEL SECURITY`,
    undo: `ALTER TABLE ${log} ENABLE ROW LEVEL SECURITY`,
    fails: ["B-row-security"],
  },
  {
    what: "a policy that lets rows be deleted",
    tamper: `CREATE POLICY more ON ${log} FOR DELETE TO cutter_exec USING (true)`,
    undo: `DROP POLICY more ON ${log}`,
    fails: ["B-policies"],
  },
  {
    what: "a unit that was enacted past the gateway",
    tamper: `ALTER TABLE public.information_unit DISABLE TRIGGER USER;
             UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address = 'DIEU-44/KHOAN-9';
             ALTER TABLE public.information_unit ENABLE TRIGGER USER;
             ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_iu_enacted_immut;
             ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard`,
    undo: `ALTER TABLE public.information_unit DISABLE TRIGGER USER;
           UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE canonical_address = 'DIEU-44/KHOAN-9';
           ALTER TABLE public.information_unit ENABLE TRIGGER USER;
           ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_iu_enacted_immut;
           ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard`,
    fails: ["consistency"],
  },
];

t.test("LIFE-5 each tampering fails the rows that are about it and no others", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  await installSteps(target, "lifecycle-backlog.yaml", 0);
  const sound = await verifyLifecycle(database);
  t.strictSame(failures(sound), []);
  for (const { what, tamper, undo, fails } of tamperings) {
    await target.query(tamper);
    const report = await verifyLifecycle(database);
    t.strictSame(failures(report), fails.toSorted(), what);
    t.equal(report.passed, false, what);
    t.equal(report.acceptable, false, `${what}: no acceptance settles it`);
    await target.query(undo);
    t.strictSame(findings(await verifyLifecycle(database)), findings(sound), `${what}, put right again`);
  }
});

t.test("LIFE-5 a body that says something else fails its own row, whichever function it is", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  const sound = await verifyLifecycle(database);
  const rows = [
    ["public.fn_iu_gateway_write_guard", "gateway_function_body_md5"],
    ["public.fn_iu_create", "fn_iu_create_body_md5"],
    ["public.fn_iu_enact", "fn_iu_enact_body_md5"],
    ["public.fn_iu_apply_edit_draft", "fn_iu_apply_edit_draft_body_md5"],
    ["public.fn_iu_enacted_immut", "body public.fn_iu_enacted_immut"],
    ["public.fn_iu_lifecycle_log_append_only", "body public.fn_iu_lifecycle_log_append_only"],
  ] as const;
  for (const [name, row] of rows) {
    const [was] = await target.query<{ source: string }>(`SELECT pg_get_functiondef('${name}'::regproc) AS source`);
    const source = was?.source ?? "";
    await target.query(source.replace(/\nBEGIN\n|\n *BEGIN\n/, (begin) => `${begin}-- tampered with\n`));
    t.strictSame(failures(await verifyLifecycle(database)), [row]);
    await target.query(source);
    t.strictSame(findings(await verifyLifecycle(database)), findings(sound));
  }
  const [was] = await target.query<{ source: string }>(
    "SELECT pg_get_functiondef('public.fn_iu_verify_invariants'::regproc) AS source",
  );
  await target.query(
    (was?.source ?? "").replace("LANGUAGE sql", "COST 7 LANGUAGE sql").replace("  SELECT 'every", "  SELECT  'every"),
  );
  const report = await verifyLifecycle(database);
  t.strictSame(
    failures(report),
    ["fn_iu_verify_invariants_body_md5"],
    "that the document gives it no value settles nothing",
  );
  t.equal(report.acceptable, false);
});
