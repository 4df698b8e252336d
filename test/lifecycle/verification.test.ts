import { readFile } from "node:fs/promises";
import t from "tap";
import { verificationPage } from "../../src/lifecycle/verification/page.ts";
import { canonicalJson } from "../../src/kernel/json.ts";
import { roleUrl, useUnits } from "../support/lifecycle.ts";
import { planFile } from "../support/plans.ts";
import { useTarget } from "../support/runs.ts";
import { failures, findings, installSteps, openTarget, readStage, verifyLifecycle } from "./verification-scene.ts";

t.setTimeout(120_000);

const ids = (rows: readonly { id: string; passed: boolean }[]): string[] =>
  rows.filter(({ passed }) => passed).map(({ id }) => id);

t.test("LIFE-5 an empty database is reported, not an error: nothing that must be there is", async (t) => {
  const report = await verifyLifecycle(openTarget(t, await useTarget(t)));
  t.equal(report.passed, false);
  t.equal(report.acceptable, false);
  t.strictSame(ids(report.existence.probes), []);
  t.strictSame(ids(report.behaviour.probes), ["B-unchanged"]);
  t.equal(report.backlog.installed, false);
  t.equal(report.consistency.passed, false);
  t.ok(report.roles.cells.every(({ found, passed }) => found === null && !passed));
  t.strictSame(findings(await verifyLifecycle(openTarget(t, await useTarget(t)))), findings(report));
});

t.test("LIFE-5 a login that may read nothing gets a report of failures too", async (t) => {
  const target = await useUnits(t);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  const stranger = new URL(target.superUrl);
  const login = `lifecycle_stranger_${process.pid}`;
  await target.query(`CREATE ROLE ${login} LOGIN PASSWORD 'a'`);
  t.teardown(() => target.query(`DROP OWNED BY ${login}; DROP ROLE ${login}`));
  await target.query(`GRANT CONNECT ON DATABASE ${stranger.pathname.slice(1)} TO ${login}`);
  stranger.username = login;
  stranger.password = "a";
  const report = await verifyLifecycle(openTarget(t, { url: stranger.href }));
  t.strictSame(ids(report.behaviour.probes), ["B-unchanged"]);
  t.match(report.behaviour.probes.find(({ id }) => id === "B-5")?.found, /may not update units/);
  t.match(report.behaviour.probes.find(({ id }) => id === "B-1")?.found, /^42501: permission denied/);
});

/** What becomes well with each phase, beside what was well before it. */
const phases = [
  {
    step: 1,
    existence: ["P-1", "P-2"],
    behaviour: [],
    fingerprints: ["iu_lifecycle_vocab_row_count", "iu_lifecycle_log_row_count"],
  },
  {
    step: 2,
    existence: ["P-4"],
    behaviour: [],
    fingerprints: ["trigger_inventory_information_unit", "trigger_inventory_unit_version"],
  },
  { step: 3, existence: ["P-3"], behaviour: ["B-1", "B-2", "B-3", "B-4"], fingerprints: ["fn_iu_enact_body_md5"] },
  { step: 4, existence: ["P-5", "P-6"], behaviour: [], fingerprints: ["dot_config_allowed_marker_values"] },
  { step: 5, existence: ["P-7"], behaviour: [], fingerprints: ["fn_iu_apply_edit_draft_body_md5"] },
] as const;

t.test("LIFE-4 each phase makes exactly its own probes pass, and the last one all of them", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  const named = phases.flatMap((phase) => phase.fingerprints as readonly string[]);
  let before = await verifyLifecycle(database);
  t.strictSame(ids(before.existence.probes), [], "of the base no existence probe passes");
  t.strictSame(ids(before.behaviour.probes), ["B-5", "B-unchanged"], "the gateway of the base blocks already");
  t.equal(before.consistency.passed, true);
  for (const { step, existence, behaviour, fingerprints } of phases) {
    await installSteps(target, "lifecycle-enactment.yaml", step, step);
    const after = await verifyLifecycle(database);
    const gained = (part: (report: typeof after) => readonly { id: string; passed: boolean }[]): string[] => {
      const had = ids(part(before));
      t.ok(
        had.every((id) => ids(part(after)).includes(id)),
        `phase ${step} spoils nothing`,
      );
      return ids(part(after)).filter((id) => !had.includes(id));
    };
    t.strictSame(
      gained((report) => report.existence.probes),
      existence,
      `existence, phase ${step}`,
    );
    t.strictSame(
      gained((report) => report.behaviour.probes),
      behaviour,
      `behaviour, phase ${step}`,
    );
    t.strictSame(
      gained((report) => report.fingerprints.schema).filter((id) => named.includes(id)),
      fingerprints,
      `fingerprints, phase ${step}`,
    );
    t.equal(after.passed, step === 5);
    t.not(after.digest, before.digest);
    before = after;
  }
  t.strictSame(failures(before), []);
  t.equal(before.acceptable, true);
  t.equal(before.backlog.installed, false);
  t.equal(before.backlog.passed, false, "what is not installed is said, and does not count");
  t.equal(before.roles.cells.length, (8 * 7 + 14) * 6, "every object, role and privilege has a cell");
});

t.test("LIFE-7 with the backlog all passes, and half of it does not", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  await installSteps(target, "lifecycle-backlog.yaml", 0, 2);
  const half = await verifyLifecycle(database);
  t.equal(half.backlog.installed, true);
  t.strictSame(failures(half), [
    "B-foreign-key public.information_unit",
    "B-foreign-key public.unit_version",
    "B-policies",
    "B-row-security",
    "constraints public.information_unit",
    "constraints public.unit_version",
  ]);
  await installSteps(target, "lifecycle-backlog.yaml", 3);
  const whole = await verifyLifecycle(database);
  t.strictSame(failures(whole), []);
  t.equal(whole.passed, true);
});

t.test("LIFE-4 the committed reference is what the fixture and the plans make", async (t) => {
  const file = new URL("../../migrations/builds/lifecycle-gateway.json", import.meta.url);
  const committed = JSON.parse(await readFile(file, "utf8")) as unknown;
  const target = await useUnits(t);
  const database = openTarget(t, target);
  const stage = () => database.transact((tx) => readStage(tx), { readOnly: true });
  const base = await stage();
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  const enactment = await stage();
  await installSteps(target, "lifecycle-backlog.yaml", 0);
  const found = { base, enactment, backlog: await stage() };
  t.equal(canonicalJson(found), canonicalJson(committed), "or else: npm run generate -- lifecycle");
});

t.test(
  "LIFE-7 whatever the gateway itself has done is no contradiction, and with no draft left B-1 says so",
  async (t) => {
    const target = await useUnits(t);
    const database = openTarget(t, target);
    await installSteps(target, "lifecycle-enactment.yaml", 0);
    await installSteps(target, "lifecycle-backlog.yaml", 0);
    const call = async (text: string): Promise<string[]> =>
      (await target.query<{ status: string }>(`SELECT (${text}) ->> 'status' AS status`)).map(({ status }) => status);
    const decision = (n: number): string => `00000000-0000-4000-8000-0000000000d${n}`;
    for (const [n, kind] of ["enactment", "supersession", "retirement", "amendment"].entries())
      await target.query(
        "SELECT cutter_governance.fn_record_review_decision($1, $2, 'approve', '{ICX-CONST/*,DIEU-44/*}', 'A test.', NULL, 'council', now())",
        [decision(n), kind],
      );
    t.strictSame(
      await call(
        `public.fn_iu_amend_identity_profile('ICX-CONST/DIEU-1', '{"publication_authority_ref": "a"}', 'tester', '${decision(3)}', 'A test.', NULL, false)`,
      ),
      ["amended"],
    );
    await target.query(
      `SELECT public.fn_iu_enact(u.canonical_address, 'tester', $1, 'enacted', NULL, NULL, 'all', false)
       FROM (SELECT canonical_address FROM public.information_unit ORDER BY 1) AS u`,
      [decision(0)],
    );
    const [unit] = await target.query<{ prior: string; next: string }>(
      `SELECT u.version_anchor_ref AS prior, public.fn_iu_apply_edit_draft(u.canonical_address, 'New', 'Another text.', 'tester') ->> 'uv_id' AS next
       FROM public.information_unit AS u WHERE u.canonical_address = 'ICX-CONST/DIEU-3'`,
    );
    const supersession = `public.fn_iu_supersede('ICX-CONST/DIEU-3', '${unit?.prior}', '${unit?.next}', 'tester', '${decision(1)}', NULL, NULL, NULL, false)`;
    t.strictSame(await call(supersession), ["superseded"]);
    const retirement = (n: number): string =>
      `public.fn_iu_retire('ICX-CONST/DIEU-${n}', 'tester', '${decision(2)}', NULL, 'Out of date.', NULL, false)`;
    t.strictSame(await call(retirement(3)), ["retired"]);
    t.strictSame(await call(retirement(4)), ["retired"]);
    const report = await verifyLifecycle(database);
    t.strictSame(failures(report), []);
    t.match(report.consistency, { units: 158, log_rows: 1 + 158 + 2 + 2, contradictions: 0, examples: [] });
    t.match(report.behaviour.probes[0], { id: "B-1", found: { status: "already_enacted" }, passed: true });

    await target.query(`ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER ALL;
    DELETE FROM public.iu_lifecycle_log WHERE canonical_address LIKE 'DIEU-44/%';
    UPDATE public.iu_lifecycle_log SET uv_content_digest = 'sha256:' || repeat('0', 64) WHERE canonical_address = 'ICX-CONST/DIEU-9' `);
    const forged = await verifyLifecycle(database);
    t.equal(forged.consistency.contradictions, 99);
    t.equal(forged.consistency.examples.length, 20);
    t.match(forged.consistency.examples[0], {
      canonical_address: "DIEU-44/KHOAN-1",
      problem: "the version is enacted, and the log has no transition of it",
    });
  },
);

t.test("LIFE-3 whoever else can become the owner in this database fails the row of its members", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  const login = new URL(await roleUrl(t, target, "directus")).username;
  const report = await verifyLifecycle(database);
  t.ok(failures(report).includes("members directus"));
  const row = report.roles.posture.find(({ id }) => id === "members directus");
  t.match(row?.found, [login, "countersign_owner"].toSorted());
});

t.test("OPEN-10 the detector is known, as long as it is for the owner only", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  await target.query(await planFile("fixtures/lifecycle-detector.sql"));
  t.strictSame(failures(await verifyLifecycle(database)), []);
  await target.query("GRANT EXECUTE ON FUNCTION public.fn_iu_refused_writes(text, bigint) TO PUBLIC");
  t.strictSame(failures(await verifyLifecycle(database)), ["doors"]);
});

t.test("LIFE-5 the page has every row of the report, escaped", async (t) => {
  const target = await useUnits(t);
  const report = await verifyLifecycle(openTarget(t, target), { database: "default" });
  const page = verificationPage({ ...report, existence: { passed: false, probes: [{ ...hostile }] } });
  t.match(page, "&lt;img src=x&gt; &amp; &quot;a&quot; &#39;b&#39;");
  t.notMatch(page, /<img/);
  for (const { id } of [...report.roles.posture, ...report.fingerprints.schema, ...report.backlog.probes])
    t.ok(page.includes(`<th scope="row">${id}</th>`), id);
  t.match(page, /It is not installed, and does not count/);
});

const hostile = {
  id: "P-1",
  title: "<img src=x> & \"a\" 'b'",
  expected: "</td>",
  found: ["</table>"],
  verdict: "failed",
  passed: false,
} as const;
