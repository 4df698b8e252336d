import t, { type Test } from "tap";
import { roleUrl } from "../../support/lifecycle.ts";
import { ask } from "../../support/runs.ts";
import {
  badDecisions,
  blanks,
  type Case,
  enact,
  logOf,
  refuses,
  type Scene,
  setScene,
  unitOf,
  type Values,
} from "./scene.ts";

t.setTimeout(120_000);

t.test("LIFE-7 what else the backlog brings", async (t) => {
  const scene = await setScene(t);
  await t.test("LIFE-7 amend the identity profile", (t) => amending(t, scene));
  await t.test("LIFE-7 every word of a status is one of the vocabulary, whoever writes it", (t) => hardKeys(t, scene));
  await t.test("LIFE-7 row security: who is granted the log later reads nothing of it", (t) => rowSecurity(t, scene));
  await t.test("LIFE-7 the forbidden way back is not there", async (t) => {
    t.same(await scene.target.query("SELECT FROM pg_proc WHERE proname LIKE '%emergency%'"), []);
  });
});

async function amending(t: Test, scene: Scene): Promise<void> {
  const { call, callReadOnly, decide, digest } = scene;
  const address = "ICX-CONST/DIEU-30";
  const name = "fn_iu_amend_identity_profile";
  const decision = await decide("amendment", ["ICX-CONST/*"]);
  const patch = { publication_authority_ref: "authority-1" };
  const values = (more: Partial<Record<"address" | "patch" | "actor" | "decision", unknown>> = {}): Values => {
    const all = { address, patch, actor: "a tester", decision, ...more };
    return [
      all.address,
      all.patch === null ? null : JSON.stringify(all.patch),
      all.actor,
      all.decision,
      "For a test.",
      "run-4",
    ];
  };
  const retired = "ICX-CONST/DIEU-32";
  await call("fn_iu_retire", [retired, "a", await decide("retirement", [retired]), null, "A test.", null, false]);
  await refuses(t, scene, name, [
    ["an address that nobody knows", "iu_not_found", values({ address: "X/Y" })],
    ...blanks.map((actor): Case => ["an empty actor", "invalid_actor", values({ actor })]),
    ...[null, {}, [], "text", 1, [patch], { publication_authority_ref: null }].map(
      (wrong): Case => [`the patch ${JSON.stringify(wrong)}`, "invalid_patch", values({ patch: wrong })],
    ),
    ...["title", "", "Publication_authority_ref", "publication_authority_ref ", "lifecycle_status"].map(
      (key): Case => [`the key ${key}`, "key_not_allowed", values({ patch: { ...patch, [key]: "x" } })],
    ),
    ...(await badDecisions(scene, "amendment", address, (one) => values({ decision: one }))),
    ["what is retired", "invalid_transition", values({ address: retired })],
  ]);
  await enact(scene, address);
  for (const one of [address, "ICX-CONST/DIEU-31"]) {
    const before = await digest();
    const was = await unitOf(scene, one);
    t.match(await callReadOnly(name, [...values({ address: one }), true]), {
      status: "plan_ok",
      would_write_rows: { iu: 1, uv: 0, log: 1 },
    });
    t.equal(await digest(), before);
    t.match(await call(name, [...values({ address: one }), false]), {
      status: "amended",
      from_status: was.lifecycle_status,
      to_status: was.lifecycle_status,
    });
    const after = await digest();
    t.equal((await call(name, [...values({ address: one }), false])).status, "unchanged");
    t.equal(await digest(), after, "amended again, nothing is written");
    const { updated_at: _, ...is } = await unitOf(scene, one);
    const { updated_at: __, ...then } = was;
    t.same(
      is,
      { ...then, identity_profile: { ...was.identity_profile, ...patch } },
      "the key is set, and nothing else",
    );
    t.equal(
      (await call(name, [...values({ address: one, patch: { publication_authority_ref: ["a", null] } }), false]))
        .status,
      "amended",
      "as often as need be",
    );
    const reasons = (await logOf(scene, one)).flatMap((row) =>
      row.transition_type === "amend_identity_profile" ? [row.reason] : [],
    );
    t.match(
      reasons,
      [/authority-1.*was .*null/, /\["a", null\].*was .*authority-1/],
      "the log says what was there before",
    );
  }
}

/** As a superuser without any trigger of ours: the foreign keys stand behind all of them. */
async function hardKeys(t: Test, { target }: Scene): Promise<void> {
  for (const table of ["information_unit", "unit_version"]) {
    for (const word of ["final", "", "ENACTED"]) {
      const write = `BEGIN; ALTER TABLE ${table} DISABLE TRIGGER USER; UPDATE ${table} SET lifecycle_status = '${word}'`;
      await t.rejects(target.query(write), { code: "23503", constraint: `${table}_lifecycle_status_fkey` });
    }
  }
  const remove =
    "BEGIN; ALTER TABLE iu_lifecycle_vocab DISABLE TRIGGER USER; DELETE FROM iu_lifecycle_vocab WHERE code = 'retired'";
  await t.rejects(target.query(remove), { code: "23503" }, "a word that is used is not taken away");
  const keys = await target.query(
    "SELECT convalidated FROM pg_constraint WHERE confrelid = 'iu_lifecycle_vocab'::regclass",
  );
  t.same(keys, [{ convalidated: true }, { convalidated: true }]);
}

async function rowSecurity(t: Test, { target }: Scene): Promise<void> {
  const count = "SELECT count(*)::int AS n FROM public.iu_lifecycle_log";
  const [{ n } = { n: 0 }] = await target.query<{ n: number }>(count);
  t.ok(n > 0);
  for (const role of ["cutter_exec", "cutter_verify", "workflow_admin", "context_pack_readonly"] as const)
    t.same(await ask(await roleUrl(t, target, role), count), [{ n }], `${role} reads all of it`);
  const stranger = await roleUrl(t, target, "public");
  await t.rejects(ask(stranger, count), { code: "42501" });
  await target.query(`GRANT SELECT ON public.iu_lifecycle_log TO ${new URL(stranger).username}`);
  t.same(await ask(stranger, count), [{ n: 0 }], "a privilege alone shows no row");
  await target.query(`REVOKE ALL ON public.iu_lifecycle_log FROM ${new URL(stranger).username}`);
  t.same(await ask(target.url, count), [{ n }], "the owner's backups have all rows");
}
