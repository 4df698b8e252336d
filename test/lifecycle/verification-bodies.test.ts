import t from "tap";
import { readGateway } from "../../src/lifecycle/gateway/catalog.ts";
import { acceptedBodies } from "../../src/lifecycle/verification/accepted.ts";
import { useUnits } from "../support/lifecycle.ts";
import { baseBodies, failures, installSteps, openTarget, rewrite, verifyLifecycle } from "./verification-scene.ts";

t.setTimeout(120_000);

/** All else stands on these two. */
const toName = [
  "cutter_governance.fn_record_review_decision(uuid,text,text,text[],text,text,text,timestamp with time zone)",
  "public.fn_iu_gateway_write_guard()",
];

t.test("LIFE-4 a base with bodies of its own passes once it was accepted, and not another", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  const rows = Object.values(baseBodies).toSorted();
  await rewrite(target, "of another house");
  const other = await verifyLifecycle(database);
  t.strictSame(failures(other), rows);
  t.equal(other.acceptable, true, "a sovereign may accept it");
  t.strictSame(Object.keys(other.bodies_to_name).toSorted(), toName, "and has to name two of them");
  const seen = await database.transact(readGateway, { readOnly: true });
  const accepted = await verifyLifecycle(database, { accepted: acceptedBodies(seen) });
  t.strictSame(failures(accepted), []);
  t.strictSame(accepted.bodies_to_name, {});
  t.match(
    accepted.fingerprints.schema.find(({ id }) => id === "fn_iu_create_body_md5"),
    { verdict: "recorded" },
  );
  await rewrite(target, "of a third house", ["public.fn_iu_create"]);
  const another = await verifyLifecycle(database, { accepted: acceptedBodies(seen) });
  t.strictSame(failures(another), ["fn_iu_create_body_md5"]);
  t.equal(another.acceptable, false, "what was accepted once is not settled again");
  await rewrite(target, "of a third house");
  const all = await verifyLifecycle(database, { accepted: acceptedBodies(seen) });
  t.match({ acceptable: all.acceptable, passed: all.passed }, { acceptable: false, passed: false });
  t.ok(rows.every((row) => failures(all).includes(row)));
});

t.test("OPEN-10 one strange body among known ones is settled by no acceptance, whichever it is", async (t) => {
  const target = await useUnits(t);
  const database = openTarget(t, target);
  await installSteps(target, "lifecycle-enactment.yaml", 0);
  for (const [name, row] of Object.entries(baseBodies)) {
    const [was] = await target.query<{ source: string }>(`SELECT pg_get_functiondef('${name}'::regproc) AS source`);
    await rewrite(target, "with a back door", [name]);
    const report = await verifyLifecycle(database);
    t.strictSame(failures(report), [row]);
    t.match({ acceptable: report.acceptable, name: report.bodies_to_name }, { acceptable: false, name: {} }, name);
    await target.query(was?.source ?? "");
  }
  const [last = ""] = Object.keys(baseBodies);
  await rewrite(target, "of another house", Object.keys(baseBodies).slice(1));
  const known = await verifyLifecycle(database);
  t.equal(known.acceptable, false, `all but one: ${last} is the fixture's`);
  await rewrite(target, "of another house", [last]);
  t.equal((await verifyLifecycle(database)).acceptable, true);
});

t.test(
  "LIFE-4 the document's counts are the least there may be; another base has its own once it was accepted",
  async (t) => {
    const target = await useUnits(t);
    const database = openTarget(t, target);
    await installSteps(target, "lifecycle-enactment.yaml", 0);
    await target.query(`ALTER TABLE public.information_unit DISABLE TRIGGER ALL; ALTER TABLE public.unit_version DISABLE TRIGGER ALL;
    DELETE FROM public.unit_version WHERE unit_id = (SELECT id FROM public.information_unit WHERE canonical_address = 'ICX-CONST/DIEU-59');
    DELETE FROM public.information_unit WHERE canonical_address = 'ICX-CONST/DIEU-59';
    ALTER TABLE public.information_unit ENABLE TRIGGER ALL; ALTER TABLE public.unit_version ENABLE TRIGGER ALL;
    ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_iu_enacted_immut;
    ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard;
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_uv_enacted_immut;
    ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER trg_aa_uv_gateway_write_guard`);
    const fewer = ["icx_const_iu_count", "information_unit_total", "unit_version_total"];
    const accepted = acceptedBodies(await database.transact(readGateway, { readOnly: true }));
    const report = await verifyLifecycle(database, { accepted });
    t.strictSame(failures(report), fewer, "one is gone");
    t.equal(report.acceptable, false, "of the document's own base no acceptance settles that");

    const bodies = Object.values(baseBodies);
    await rewrite(target, "of another house");
    const other = await verifyLifecycle(database);
    t.strictSame(failures(other), [...fewer, ...bodies].toSorted());
    t.equal(other.acceptable, true);
    const own = acceptedBodies(await database.transact(readGateway, { readOnly: true }));
    t.equal((await verifyLifecycle(database, { accepted: own })).passed, true);

    const decision = "00000000-0000-4000-8000-0000000000c1";
    await target.query(
      `SELECT cutter_governance.fn_record_review_decision($1, 'creation', 'approve', '{NEW/*}', 'A test.', NULL, 'council', now())`,
      [decision],
    );
    await target.query(
      "SELECT public.fn_iu_create('NEW/' || n, 'New', 'article', 'Text', 'tester', $1) FROM generate_series(1, 3) AS n",
      [decision],
    );
    const more = await verifyLifecycle(database);
    t.strictSame(failures(more), ["icx_const_iu_count", ...bodies].toSorted());
    t.match(
      more.fingerprints.data.find(({ id }) => id === "information_unit_total"),
      { found: 160, verdict: "recorded" },
    );
  },
);
