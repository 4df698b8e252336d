import t from "tap";
import { enactmentDecision, recordEnactment, useUnits } from "../../support/lifecycle.ts";
import { act, planFile, register, rehearse, setPlace, wholeAct } from "../../support/plans.ts";

t.setTimeout(280_000);

interface Contradiction {
  readonly name: string;
  /** The phase that must not be done upon it. */
  readonly phase: 0 | 1 | 2;
  readonly done: string;
  readonly undone: string;
  readonly expected: RegExp;
}

const config = (key: string, value: string) =>
  `UPDATE dot_config SET value = '${value}' WHERE key = 'iu_create.gateway.${key}'`;
/** Before phase 2 the gateway's triggers are left out in replica mode: that is why phase 2 has them always fire. */
const status = (value: string) =>
  `SET session_replication_role = replica;
   UPDATE information_unit SET lifecycle_status = '${value}' WHERE canonical_address = 'ICX-CONST/DIEU-7'`;
const decision = (value: string) =>
  `UPDATE cutter_governance.review_decision SET decision = '${value}' WHERE id = '${enactmentDecision}'`;

const contradictions: readonly Contradiction[] = [
  {
    name: "another policy of the gateway",
    phase: 0,
    done: config("allowed_marker_values", "fn_iu_create"),
    undone: config("allowed_marker_values", "fn_iu_create,fn_iu_apply_edit_draft"),
    expected: /P0\.1/,
  },
  {
    name: "one of the 60 is no draft",
    phase: 0,
    done: status("enacted"),
    undone: status("draft"),
    expected: /P0\.2/,
  },
  {
    name: "the enactment was rejected",
    phase: 0,
    done: decision("reject"),
    undone: decision("approve"),
    expected: /P0\.3/,
  },
  {
    name: "something is left of an earlier try",
    phase: 0,
    done: "CREATE TABLE iu_lifecycle_log (log_id bigint)",
    undone: "DROP TABLE iu_lifecycle_log",
    expected: /is there already/,
  },
  {
    name: "the gateway is not enforced",
    phase: 1,
    done: config("mode", "off"),
    undone: config("mode", "enforced"),
    expected: /not enforced/,
  },
  {
    name: "a trigger was added",
    phase: 2,
    done: "CREATE TRIGGER trg_x BEFORE INSERT ON unit_version FOR EACH ROW EXECUTE FUNCTION fn_iu_updated_at()",
    undone: "DROP TRIGGER trg_x ON unit_version",
    expected: /The triggers of units and versions/,
  },
  {
    name: "the gateway has another body",
    phase: 2,
    done: `ALTER FUNCTION fn_iu_gateway_write_guard() RENAME TO fn_kept;
           CREATE FUNCTION fn_iu_gateway_write_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    undone: "DROP FUNCTION fn_iu_gateway_write_guard(); ALTER FUNCTION fn_kept() RENAME TO fn_iu_gateway_write_guard",
    expected: /The bodies of the gateway/,
  },
  {
    name: "a word was renamed",
    phase: 2,
    done: `ALTER TABLE iu_lifecycle_vocab DISABLE TRIGGER USER; UPDATE iu_lifecycle_vocab SET name = 'x' WHERE code = 'draft'`,
    undone: `UPDATE iu_lifecycle_vocab SET name = 'Bản nháp' WHERE code = 'draft';
             ALTER TABLE iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_aa_iu_lifecycle_vocab_gateway;
             ALTER TABLE iu_lifecycle_vocab ENABLE ALWAYS TRIGGER trg_ab_iu_lifecycle_vocab_gateway_row`,
    expected: /The evidence of step 1: “The vocabulary”/,
  },
];

t.test("LIFE-4 a target that contradicts the document stops the phase", async (t) => {
  const target = await useUnits(t);
  await recordEnactment(target);
  const { service } = await setPlace(t, { target });
  const plan = await register(service, await planFile("lifecycle-enactment.yaml"));
  for (const phase of [0, 1, 2] as const) {
    for (const { name, done, undone, expected } of contradictions.filter((one) => one.phase === phase)) {
      await target.query(done);
      const { run } = phase === 0 ? await act(service, plan, 0, "commit") : await rehearse(service, plan, phase);
      t.match(run, { status: "stopped", error: { detail: expected } }, `${name}: ${run.error?.detail.slice(0, 200)}`);
      await target.query(undone);
    }
    const { run } = phase === 0 ? await act(service, plan, 0, "commit") : await wholeAct(service, plan, phase);
    t.match(run, { status: "succeeded" }, `phase ${phase}, when all is as the document has it`);
  }

  for (const phase of [3, 4])
    t.match((await wholeAct(service, plan, phase)).run, { status: "succeeded" }, `phase ${phase}`);
  const [enacted] = await target.query(
    `SELECT fn_iu_enact('ICX-CONST/DIEU-9', 'somebody', '${enactmentDecision}', 'enacted', NULL, NULL, NULL, false) ->> 'status' AS status`,
  );
  t.same(enacted, { status: "enacted" });
  t.match(
    (await rehearse(service, plan, 4, "rollback")).run,
    { status: "stopped", error: { code: "EVIDENCE_FAILED", detail: /“The log is empty” is 1/ } },
    "once a unit is enacted, no phase goes back: its line in the log stays for ever",
  );
});
