import t, { type Test } from "tap";
import { serviceCaller } from "../../src/kernel/caller.ts";
import { lookAt, recordLook, watchTarget } from "../../src/lifecycle/index.ts";
import { installPlan } from "../support/lifecycle.ts";
import { type Accepted, acceptedGateway, decideBoth } from "./incidents-scene.ts";

t.setTimeout(200_000);

const caller = serviceCaller("test");

interface Marked extends Accepted {
  readonly decision: string;
  enact(from: number, to: number): Promise<unknown>;
  watch(): Promise<void>;
  marks(): Promise<{ log_id: string; after_log_id: string; lines: string }[]>;
}

/** Ten units of ICX-CONST enacted by decisions of the council, and their lines marked. */
async function marked(t: Test): Promise<Marked> {
  const at = await acceptedGateway(t);
  await installPlan(at.target, "lifecycle-backlog.yaml");
  await at.accept();
  const decision = await decideBoth(at, "enactment", ["ICX-CONST/*", "DIEU-44/*"]);
  const enact = (from: number, to: number) =>
    at.target.query(
      "SELECT public.fn_iu_enact('ICX-CONST/DIEU-' || n, 'tester', $1, 'enacted', NULL, 'To be.', 'a-run', false) FROM generate_series($2::int, $3::int) AS n",
      [decision, from, to],
    );
  const watch = () => watchTarget(at.control, at.opened, "default", caller);
  const marks = async () =>
    (
      await at.control.transact((tx) =>
        tx.query<{ log_id: string; after_log_id: string; lines: string }>(
          "SELECT log_id, after_log_id, lines FROM lifecycle_log_marks ORDER BY log_id",
        ),
      )
    ).rows;
  await enact(0, 9);
  await watch();
  return { ...at, decision, enact, watch, marks };
}

t.test("LIFE-2 lines are marked as they come, and what is enacted after a mark is no contradiction", async (t) => {
  const at = await marked(t);
  t.same(await at.marks(), [{ log_id: "10", after_log_id: "0", lines: "10" }]);
  await at.watch();
  t.equal((await at.marks()).length, 1, "nothing new, no mark");
  await at.enact(10, 14);
  const retirement = await decideBoth(at, "retirement", ["ICX-CONST/*"]);
  await at.target.query(
    "SELECT public.fn_iu_retire('ICX-CONST/DIEU-3', 'tester', $1, NULL, 'Out of date.', NULL, false)",
    [retirement],
  );
  const amendment = await decideBoth(at, "amendment", ["ICX-CONST/*"]);
  await at.target.query(
    `SELECT public.fn_iu_amend_identity_profile('ICX-CONST/DIEU-40', '{"publication_authority_ref": "a"}', 'tester', $1, 'A test.', NULL, false)`,
    [amendment],
  );
  const supersession = await decideBoth(at, "supersession", ["ICX-CONST/*"]);
  await at.target.query(
    `SELECT public.fn_iu_supersede(u.canonical_address, u.version_anchor_ref,
              (public.fn_iu_apply_edit_draft(u.canonical_address, 'New', 'Another text.', 'tester') ->> 'uv_id')::uuid, 'tester', $1, NULL, NULL, NULL, false)
       FROM public.information_unit AS u WHERE u.canonical_address = 'ICX-CONST/DIEU-5'`,
    [supersession],
  );
  await at.watch();
  // A draft that was amended may be edited all the same.
  await at.target.query("SELECT public.fn_iu_apply_edit_draft('ICX-CONST/DIEU-40', 'Newer', 'Yet another.', 'tester')");
  await at.watch();
  t.same(
    (await at.incidents()).map(({ detail }) => detail),
    [],
  );
  t.same((await at.marks()).at(-1), { log_id: "19", after_log_id: "10", lines: "9" });
});

t.test("LIFE-2 while somebody writes a line nothing is marked: it may have a number before the newest", async (t) => {
  const at = await marked(t);
  await at.opened.transact(async (tx) => {
    await tx.query("SELECT public.fn_iu_enact('ICX-CONST/DIEU-20', 'tester', $1, 'enacted', NULL, NULL, NULL, false)", [
      at.decision,
    ]);
    await at.enact(21, 22);
    await at.watch();
    t.equal((await at.marks()).length, 1, "11 is not committed, 12 and 13 are");
  });
  await at.watch();
  t.same((await at.marks()).at(-1), { log_id: "13", after_log_id: "10", lines: "3" });
  t.same(await at.incidents(), []);
});

/** As the owner, in one transaction, with every trigger and definition as before at its end. */
const rewrites: readonly (readonly [string, string])[] = [
  ["who", "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN actor TYPE text USING 'somebody else'"],
  ["by what decision", "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN review_decision_id TYPE uuid USING NULL"],
  ["why", "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN reason TYPE text USING 'rewritten'"],
  [
    "when",
    "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN created_at TYPE timestamptz USING created_at - interval '1 day'",
  ],
  ["the run", "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN run_ref TYPE text USING 'another'"],
  ["the session", "ALTER TABLE public.iu_lifecycle_log ALTER COLUMN session_role TYPE text USING 'nobody'"],
  ["the titles of versions", "ALTER TABLE public.unit_version ALTER COLUMN title TYPE text USING 'EVIL'"],
  [
    "the titles of versions and units",
    "ALTER TABLE public.unit_version ALTER COLUMN title TYPE text USING 'EVIL 2'; ALTER TABLE public.information_unit ALTER COLUMN title TYPE text USING 'EVIL 2'",
  ],
  ["the titles of units", "ALTER TABLE public.information_unit ALTER COLUMN title TYPE text USING 'EVIL 3'"],
  [
    "the bodies, and their digests everywhere",
    `CREATE FUNCTION pg_temp.evil() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'sha256:' || encode(sha256('EVIL'), 'hex') $$;
     ALTER TABLE public.unit_version ALTER COLUMN body TYPE text USING 'EVIL', ALTER COLUMN content_digest TYPE text USING pg_temp.evil();
     ALTER TABLE public.iu_lifecycle_log ALTER COLUMN uv_content_digest TYPE text USING pg_temp.evil()`,
  ],
  [
    "the title of one unit",
    "ALTER TABLE public.information_unit ALTER COLUMN title TYPE text USING CASE WHEN canonical_address = 'ICX-CONST/DIEU-4' THEN 'EVIL 4' ELSE title END",
  ],
  [
    "one line, with the triggers off for a moment",
    `ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER USER;
     UPDATE public.iu_lifecycle_log SET actor = 'somebody else' WHERE log_id = 5`,
  ],
  [
    "a line gone",
    `ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER USER; ALTER TABLE public.information_unit DISABLE TRIGGER USER; ALTER TABLE public.unit_version DISABLE TRIGGER USER;
     UPDATE public.unit_version SET lifecycle_status = 'draft', enacted_at = NULL WHERE id = (SELECT uv_id FROM public.iu_lifecycle_log WHERE log_id = 5);
     UPDATE public.information_unit SET lifecycle_status = 'draft' WHERE id = (SELECT iu_id FROM public.iu_lifecycle_log WHERE log_id = 5);
     DELETE FROM public.iu_lifecycle_log WHERE log_id = 5`,
  ],
];

const governed = ["public.iu_lifecycle_log", "public.information_unit", "public.unit_version"];

t.test("LIFE-2 a line that was marked and is rewritten or gone is an incident, once for each rewriting", async (t) => {
  const at = await marked(t);
  const [always] = await at.target.query<{ sql: string }>(
    `SELECT string_agg(format('ALTER TABLE %s ENABLE %s TRIGGER %I', g.tgrelid::regclass, CASE g.tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END, g.tgname), '; ') AS sql
       FROM pg_trigger AS g WHERE NOT g.tgisinternal AND g.tgrelid = ANY ($1::text[]::regclass[])`,
    [governed],
  );
  const before = await at.incidents();
  t.same(before, []);
  for (const [what, sql] of rewrites) {
    const saved = governed.map((name) => `SELECT * FROM ${name}`);
    await at.target.query(
      saved.map((query, n) => `DROP TABLE IF EXISTS saved_${n}; CREATE TABLE saved_${n} AS ${query}`).join("; "),
    );
    const known = (await at.incidents()).length;
    await at.target.query(`BEGIN; ${sql}; ${always?.sql ?? ""}; COMMIT`);
    const look = await lookAt(at.control, at.opened, "default");
    const report = await at.control.transact((tx) => recordLook(tx, caller, look));
    t.same(report.differences, [], `${what}: the gateway is as it was`);
    const opened = (await at.incidents()).slice(known);
    t.ok(opened.length > 0, `${what}: an incident`);
    t.ok(opened.every(({ kind }) => kind === "log_contradicted"));
    await at.watch();
    t.equal((await at.incidents()).length, known + opened.length, `${what}: once`);
    await at.target.query(putBack(always?.sql ?? ""));
    await at.watch();
    t.equal((await at.incidents()).length, known + opened.length, `${what}: put back, none`);
  }
  t.equal((await at.marks()).length, 1);
});

/** The rows as they were saved. */
function putBack(always: string): string {
  const off = governed.map((name) => `ALTER TABLE ${name} DISABLE TRIGGER ALL`).join("; ");
  const on = governed.map((name) => `ALTER TABLE ${name} ENABLE TRIGGER ALL`).join("; ");
  return `BEGIN; ${off};
    DELETE FROM public.iu_lifecycle_log;
    INSERT INTO public.iu_lifecycle_log OVERRIDING SYSTEM VALUE SELECT * FROM saved_0;
    UPDATE public.unit_version AS v SET title = s.title, body = s.body, content_digest = s.content_digest, lifecycle_status = s.lifecycle_status,
           enacted_at = s.enacted_at FROM saved_2 AS s WHERE s.id = v.id;
    UPDATE public.information_unit AS u SET title = s.title, lifecycle_status = s.lifecycle_status FROM saved_1 AS s WHERE s.id = u.id;
    ${on}; ${always}; COMMIT`;
}

t.test("LIFE-2 two looks that mark at the same time make one chain", async (t) => {
  const at = await marked(t);
  await at.enact(10, 12);
  const shorter = await lookAt(at.control, at.opened, "default");
  await at.enact(13, 14);
  const longer = await lookAt(at.control, at.opened, "default");
  await Promise.all([longer, shorter].map((look) => at.control.transact((tx) => recordLook(tx, caller, look))));
  await at.watch();
  const marks = await at.marks();
  t.equal(marks.at(-1)?.log_id, "15");
  t.same(
    marks.map(({ after_log_id }) => after_log_id),
    ["0", ...marks.slice(0, -1).map(({ log_id }) => log_id)],
  );
  t.same(await at.incidents(), []);
});

t.test(
  "LIFE-2 a log of thousands of lines is marked piece by piece, and an incident says where it differs",
  async (t) => {
    const at = await marked(t);
    await at.target.query(`BEGIN; ALTER TABLE public.iu_lifecycle_log DISABLE TRIGGER USER;
    INSERT INTO public.iu_lifecycle_log (iu_id, uv_id, canonical_address, transition_type, from_status, to_status, actor, review_decision_id, uv_content_digest)
      SELECT l.iu_id, l.uv_id, l.canonical_address, 'amend_identity_profile', 'draft', 'draft', 'tester', l.review_decision_id, l.uv_content_digest
        FROM public.iu_lifecycle_log AS l, generate_series(1, 450) WHERE l.log_id <= 10;
    COMMIT`);
    const look = await lookAt(at.control, at.opened, "default");
    t.equal(look.units.marks.compared, true);
    t.same(
      look.units.marks.next.map(({ lines }) => lines),
      ["1000", "1000", "1000", "1000", "500"],
    );
    await at.control.transact((tx) => recordLook(tx, caller, look));
    await at.target.query("UPDATE public.iu_lifecycle_log SET actor = 'evil' WHERE log_id = 2500");
    const again = await lookAt(at.control, at.opened, "default");
    t.match(again.units.marks, {
      sighted: [
        { kind: "log_contradicted", detail: { after_log_id: "2010", log_id: "3010", found: { lines: 1_000 } } },
      ],
      next: [],
    });
  },
);

t.test("OPEN-10 contradictions that are known keep no new one from being told, however many they are", async (t) => {
  const at = await marked(t);
  const force = (pattern: string) =>
    at.target.query(`BEGIN;
      ALTER TABLE public.information_unit DISABLE TRIGGER USER;
      UPDATE public.information_unit SET lifecycle_status = 'enacted' WHERE canonical_address LIKE '${pattern}';
      ALTER TABLE public.information_unit ENABLE TRIGGER USER;
      ALTER TABLE public.information_unit ENABLE ALWAYS TRIGGER trg_aa_iu_gateway_write_guard, ENABLE ALWAYS TRIGGER trg_iu_enacted_immut;
      COMMIT`);
  await force("DIEU-44/%");
  await at.watch();
  const known = (await at.incidents()).length;
  t.ok(known > 33, `${known} are known`);
  await force("ICX-CONST/DIEU-30");
  await at.watch();
  const after = await at.incidents();
  t.equal(after.length, known + 1);
  t.match(after.at(-1), { kind: "log_contradicted", subject: "ICX-CONST/DIEU-30" });
});
