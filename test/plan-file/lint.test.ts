import t from "tap";
import { lintPlan } from "../../src/plan-file/index.ts";
import { sampleWith } from "./sample.ts";

async function faults(text: string, other: string): Promise<string[]> {
  const found = await lintPlan(sampleWith(text, other));
  return found.faults.map(({ line, column, pointer, detail }) => `${line}:${column} ${pointer} ${detail}`);
}

t.test("PLAN-1 steps are numbered upwards, each once", async (t) => {
  t.match(await faults("- step: 2", "- step: 1"), [
    /^50:11 \/steps\/2\/step There is a step 1 already/,
    /^53:13 \/steps\/2\/after\/0 A step cannot come after itself/,
  ]);
  t.match(await faults("- step: 0", "- step: 9"), [
    /^16:11 \/steps\/1\/step Steps ascend: 1 stands behind 9/,
    /^19:13 \/steps\/1\/after\/0 There is no step 0/,
    /^50:11 \/steps\/2\/step Steps ascend: 2 stands behind 9/,
  ]);
});

t.test("PLAN-1 a step comes after earlier steps of the plan", async (t) => {
  t.match(await faults("after: [0]", "after: [0, 7]"), [/^19:16 \/steps\/1\/after\/1 There is no step 7/]);
  t.match(await faults("after: [0]", "after: [1]"), [/^19:13 \/steps\/1\/after\/0 A step cannot come after itself/]);
});

t.test("PLAN-1 a circle of steps is named", async (t) => {
  t.match(await faults("after: [0]", "after: [2]"), [
    /^19:12 \/steps\/1\/after The steps 1 → 2 → 1 wait for each other in a circle/,
    /^19:13 \/steps\/1\/after\/0 Step 2 is a later step: 1 cannot come after it/,
  ]);
});

t.test("PLAN-2 what commits SQL stands on an M-1 record, and council records never stand alone", async (t) => {
  t.match(await faults("records: [M-1, C-1]", "records: [C-1]"), [
    /^20:14 \/steps\/1\/records A step of kind sql needs/,
  ]);
  t.match(await faults("    records: [M-1, C-1]\n", ""), [/^16:5 \/steps\/1\/records A step of kind sql needs/]);
  t.match(await faults("documents: [minutes]", "documents: [minutes]\n    records: [C-2]"), [
    /^55:14 \/steps\/2\/records C-2 stand beside an M-1 record, never alone/,
  ]);
  t.match(await faults("documents: [minutes]", "documents: [minutes]\n    signed: true"), [/^55:13 .*no M-1 record/]);
});

t.test("PLAN-5 nothing is allowed and forbidden at once", async (t) => {
  t.match(await faults("forbidden: [trigger * on public.a]", "forbidden: [table public.b, table public.a]"), [
    /^25:33 \/steps\/1\/forbidden\/1 table public\.a is allowed and forbidden at once/,
  ]);
});

t.test("PLAN-5 tables that may change are named one by one, and the gateway's own are not among them", async (t) => {
  t.match(await faults("forbidden: [trigger * on public.a]", "forbidden: [table public.b]"), []);
  const wild = await faults("objects: [table public.a]", "objects: [table public.*]");
  t.match(wild.join("\n"), /Name each table that may change/);
  const ours = await faults("        public.a: { insert: 1 }", "        public.countersign_run: { insert: 1 }");
  t.match(ours.join("\n"), /public\.countersign_run belongs to the gateway/);
});

t.test("PLAN-5 tables that change or are backed up are in the plan's schemas", async (t) => {
  t.match(await faults("        public.a: { insert: 1 }", "        other.a: { insert: 1 }"), [
    /^24:9 \/steps\/1\/allowed\/rows\/other\.a The schema other is not in the plan's `schemas`/,
  ]);
  t.match(await faults("kind: check\n", "kind: check\n    backup: [public.b, app.c]\n"), [
    /^10:\d+ \/steps\/0\/backup\/1 .*schema app /,
  ]);
  t.match(await faults("mode: revert\n", "mode: retire\n      rows: { app.c: { update: 1 } }\n"), [
    /^43:15 .*schema app /,
  ]);
});

t.test("PLAN-6 evidence and stop conditions are one SELECT each that writes nothing", async (t) => {
  t.match(await faults("sql: SELECT count(*) > 0", "sql: DELETE FROM public.a; SELECT count(*) > 0"), [
    /\/steps\/1\/stop\/0\/sql It must be one SELECT/,
  ]);
  t.match(
    await faults(
      "sql: SELECT count(*) FROM public.a",
      "sql: WITH a AS (DELETE FROM public.a RETURNING 1) SELECT 1 FROM a",
    ),
    [/^35:14 \/steps\/1\/evidence\/0\/sql It must not write/],
  );
  t.match(await faults("sql: SELECT count(*) FROM public.a", "sql: SELECT 1 INTO public.b"), [/SELECT INTO/]);
  t.match(await faults("sql: SELECT count(*) FROM public.a", "sql: SELECT x FROM public.a FOR UPDATE"), [/lock rows/]);
});

t.test("PLAN-8 a negative test is one statement that a step might have", async (t) => {
  const test = "sql: INSERT INTO public.a VALUES (1)\n";
  t.match(await faults(test, "sql: INSERT INTO public.a VALUES (1); SELECT 1\n"), [
    /^39:\d+ \/steps\/1\/negative\/0\/sql A negative test is one/,
  ]);
  t.match(await faults(test, "sql: COMMIT\n"), [/^39:14 .*TransactionStmt/]);
});

t.test("PLAN-10 what cannot be rehearsed is refused with that reason", async (t) => {
  t.match(await faults("sql: DROP TABLE public.a", "sql: DROP INDEX CONCURRENTLY public.i"), [
    /^43:12 .*cannot be rehearsed/,
  ]);
  t.match(await faults("      INSERT INTO public.a VALUES (1);\n", "      ALTER TYPE public.e ADD VALUE 'x';\n"), [
    /^32:7 .*cannot be rehearsed: a fresh value/,
  ]);
});
