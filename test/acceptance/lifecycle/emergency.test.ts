import { readFile } from "node:fs/promises";
import t from "tap";
import { installPlan, useUnits } from "../../support/lifecycle.ts";
import { ask, type Target } from "../../support/runs.ts";

t.setTimeout(60_000);

const enactment = "e0000000-0000-4000-8000-000000000001";
const ruling = "e0000000-0000-4000-8000-000000000002";
const address = "ICX-CONST/DIEU-3";

/** What the runbook has of the emergency revert: two texts of SQL, and a branch for each of two trigger functions. */
async function emergencyEntry() {
  const page = await readFile(new URL("../../../docs/runbooks/lifecycle.md", import.meta.url), "utf8");
  const entry = page.slice(page.indexOf("## Emergency revert"), page.indexOf("## Restore"));
  const blocks = (language: string) =>
    [...entry.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, block = ""]) => block);
  const [install = "", remove = ""] = blocks("sql");
  const [ofUnits = "", ofVersions = ""] = blocks("plpgsql");
  return { install, remove, ofUnits, ofVersions };
}

async function bodyOf(target: Target, name: string): Promise<string> {
  const [row] = await target.query<{ text: string }>(
    `SELECT pg_get_functiondef('public.${name}()'::regprocedure) AS text`,
  );
  return row?.text ?? "";
}

async function decide(target: Target, id: string, kind: string, subject: string): Promise<void> {
  const text = "SELECT cutter_governance.fn_record_review_decision($1, $2, 'approve', $3, 'r', NULL, 'council', now())";
  await target.query(text, [id, kind, [subject]]);
}

async function calling(target: Target, call: string): Promise<string> {
  const [row] = await ask<{ answer: { status: string } }>(target.url, `SELECT public.${call} AS answer`);
  return row?.answer.status ?? "";
}

const revert = (subject: string) => `fn_iu_emergency_revert('${subject}', 'dba', '${ruling}', 'Incident 17.')`;

t.test("LIFE-7 fn_iu_emergency_revert: what the runbook has of it works, and is gone again", async (t) => {
  const target = await useUnits(t);
  for (const plan of ["lifecycle-enactment.yaml", "lifecycle-backlog.yaml"]) await installPlan(target, plan);
  await decide(target, enactment, "enactment", "ICX-CONST/*");
  await decide(target, ruling, "retirement", address);
  const enact = (one: string) =>
    `fn_iu_enact('${one}', 'somebody', '${enactment}', 'enacted', NULL, 'By mistake.', NULL, false)`;
  for (const one of [address, "ICX-CONST/DIEU-4"]) t.equal(await calling(target, enact(one)), "enacted");
  await t.rejects(calling(target, revert(address)), { code: "42883" }, "nothing of it is there before");

  const { install, remove, ofUnits, ofVersions } = await emergencyEntry();
  const bodies = {
    units: await bodyOf(target, "fn_iu_enacted_immut"),
    versions: await bodyOf(target, "fn_uv_enacted_immut"),
  };
  await ask(target.url, install);
  await t.rejects(calling(target, revert(address)), /IU Enacted immutable/, "without the branches the triggers hold");
  await ask(target.url, bodies.units.replace("v_free := CASE", `v_free := CASE ${ofUnits}`));
  await ask(target.url, bodies.versions.replace("v_free := CASE", `v_free := CASE ${ofVersions}`));

  t.equal(await calling(target, revert("ICX-CONST/DIEU-4")), "review_decision_not_found", "the ruling is about one");
  t.equal(await calling(target, revert(address)), "reverted");
  t.equal(await calling(target, revert(address)), "invalid_transition", "once");
  const [unit] = await target.query(
    `SELECT u.lifecycle_status AS unit, v.lifecycle_status AS version, v.enacted_at
       FROM public.information_unit u JOIN public.unit_version v ON v.id = u.version_anchor_ref WHERE u.canonical_address = $1`,
    [address],
  );
  t.same(unit, { unit: "draft", version: "draft", enacted_at: null });
  const lines = await target.query(
    "SELECT transition_type FROM public.iu_lifecycle_log WHERE canonical_address = $1 ORDER BY log_id",
    [address],
  );
  t.same(
    lines,
    [{ transition_type: "enact" }, { transition_type: "emergency_revert" }],
    "the enactment stays on record",
  );
  const direct = `UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE canonical_address = 'ICX-CONST/DIEU-4'`;
  await t.rejects(ask(target.url, direct), /IU Gateway blocked/, "and nobody else has got a door");

  await ask(target.url, remove + bodies.units + ";" + bodies.versions);
  await t.rejects(calling(target, revert("ICX-CONST/DIEU-4")), { code: "42883" });
  t.equal(await bodyOf(target, "fn_iu_enacted_immut"), bodies.units);
  const markers = "SELECT value FROM public.dot_config WHERE key = 'iu_create.gateway.allowed_marker_values'";
  t.notMatch((await target.query<{ value: string }>(markers))[0]?.value, /emergency/);
  await t.rejects(calling(target, enact(address)), { code: "23505" }, "this version was enacted once");
});
