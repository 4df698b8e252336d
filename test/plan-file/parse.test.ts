import fc from "fast-check";
import t from "tap";
import { digestOf } from "../../src/kernel/json.ts";
import { lintPlan, PlanFileProblem, parsePlan } from "../../src/plan-file/index.ts";
import { lineOf, samplePlan, sampleWith } from "./sample.ts";

/** `line:column pointer detail` of each fault. */
async function faults(source: string): Promise<string[]> {
  const found = await lintPlan(source);
  return found.faults.map(({ line, column, pointer, detail }) => `${line}:${column} ${pointer} ${detail}`);
}

t.test("PLAN-1 a plan is read with its digest and those of its steps", async (t) => {
  t.strictSame(await faults(samplePlan), []);
  const { plan, digest, stepDigests } = await parsePlan(samplePlan);
  t.equal(digest, digestOf(plan));
  t.strictSame(
    [...stepDigests],
    plan.steps.map((step) => [step.step, digestOf(step)]),
  );
  t.strictSame(
    plan.steps.map(({ kind }) => kind),
    ["check", "sql", "record"],
  );
  t.match(plan.steps[1], { sql: "CREATE TABLE public.a (x int PRIMARY KEY);\n\nINSERT INTO public.a VALUES (1);\n" });
});

t.test("PLAN-1 the digest is of the content: comments, style and the order of keys are none of it", async (t) => {
  const { digest } = await parsePlan(samplePlan);
  const other = sampleWith('plan: sample\nrevision: "1"', "# a comment\nrevision: '1'\n\"plan\": sample");
  t.equal((await parsePlan(other)).digest, digest);
  t.equal((await parsePlan(samplePlan.replaceAll("\n", "\r\n"))).digest, digest, "line ends of Windows");
  t.not((await parsePlan(sampleWith("title: A sample", "title: A  sample"))).digest, digest);
});

t.test("PLAN-1 a file that is not the YAML we read is refused with line and column", async (t) => {
  const cases: [string, string, RegExp][] = [
    ["", "empty", /^1:1 .*empty/],
    ["# only\n", "a comment", /^\d:1 .*(empty|object)/],
    ["plan: [\n", "an open list", /^\d:\d .*cannot be read/],
    [sampleWith("title: A sample", "title: A: sample"), "broken", /^3:8 .*cannot be read/],
    [sampleWith("title: A sample", "title: A\ntitle: B"), "a key twice", /^4:1 .*second time/],
    [`${samplePlan}---\nplan: other\n`, "two documents", /one YAML document/],
    [sampleWith("title: A sample", "title: &a A sample"), "an anchor", /^3:11 \/title Anchors are refused: &a/],
    [
      sampleWith("expect: { equals: 1 }", "expect: &a { equals: 1 }"),
      "an anchor of a map",
      /^36:\d+ \/steps\/1\/evidence\/0\/expect Anchors/,
    ],
    [sampleWith("schemas: [public]", "schemas: &a [public]"), "an anchor of a list", /^5:\d+ \/schemas Anchors/],
    [sampleWith("expect: { equals: 1 }", "expect: !!map { equals: 1 }"), "a tag of a map", /expect Tags are refused/],
    [
      sampleWith("expect: { equals: 1 }", "expect: { equals: 1, equals: 2 }"),
      "a key twice inside",
      /^36:30 .*second time/,
    ],
    [
      Array.from({ length: 90_000 }, (_, n) => `k${n}: 1\n`).join(""),
      "many keys, in a time that does not grow with their square",
      /^1:1 /,
    ],
    [sampleWith("target: default", "target: *a"), "an alias", /^4:9 .*(Aliases are refused|lias)/],
    [sampleWith("title: A sample", "title: &a A\ndescription: *a"), "a known alias", /Anchors are refused/],
    [sampleWith("title: A sample", "title: !!str A"), "a tag", /^3:\d+ \/title Tags are refused/],
    [sampleWith("title: A sample", "title: !mine A"), "an own tag", /^3:8 /],
    [sampleWith("title: A sample", "<<: { title: A }"), "a merge key", /^3:1 .*Merge keys are refused/],
    [sampleWith("title: A sample", "1: A"), "a number as key", /^3:1 .*key must be a string/],
    [sampleWith("title: A sample", "? [a]\n: A"), "a list as key", /^3:3 .*key must be a string/],
    [`%YAML 1.1\n---\n${samplePlan}`, "a directive", /^1:1 .*Directives/],
    [sampleWith("equals: 1 }", "equals: 12345678901234567890 }"), "a number", /too large to be read exactly/],
    [sampleWith("equals: 1 }", "equals: .nan }"), "not a number", /not a number that JSON has/],
    [sampleWith("title: A sample", 'title: "a\\0b"'), "NUL", /^3:8 \/title U\+0000/],
    [sampleWith("title: A sample", 'title: "\\ud800"'), "half a pair", /^3:\d+ /],
    [`${samplePlan}#${"x".repeat(1_048_576)}`, "size", /^1:1 .*1 MiB/],
    [`plan: ${"[".repeat(100_000)}`, "depth", /^1:1 .*nested too deeply/],
    [`plan: ${"[".repeat(9_000)}`, "some depth", /./],
    [Array.from({ length: 2_000 }, (_, depth) => `${" ".repeat(depth % 400)}- a:`).join("\n"), "more depth", /./],
  ];
  for (const [source, name, expected] of cases) t.match((await faults(source))[0] ?? "none", expected, name);
});

t.test("PLAN-1 every fault of the shape is named with its pointer, line and column", async (t) => {
  const cases: [string, string, string][] = [
    ["title: A sample", "titel: A sample", "3:1 /titel This field is not known. Remove it."],
    ["target: default", "target: 5", "4:9 /target It must be string."],
    ["schemas: [public]", "schemas: [public, 5]", "5:19 /schemas/1 It must be string."],
    ["schemas: [public]", "schemas: []", "5:10 /schemas It must not have fewer than 1 items."],
    ["kind: check", "kind: chek", '9:11 /steps/0/kind It must be one of "sql", "check", "record".'],
    ["  - step: 0\n", "  - step: zero\n", "7:11 /steps/0/step It must be integer."],
    [
      "expect: { equals: 1 }",
      "expect: { equal: 1 }",
      '36:17 /steps/1/evidence/0/expect It must have one of the fields "equals", "plus", "unchanged".',
    ],
    ["expect: { equals: 1 }", "expect: { plus: a }", "36:25 /steps/1/evidence/0/expect/plus It must be integer."],
    ["mode: revert", "mode: undo", '42:13 /steps/1/rollback/mode It must be one of "revert", "retire".'],
    ["records: [M-1, C-1]", "records: [M-1, X]", '20:20 /steps/1/records/1 It must be one of "M-1", "C-1", "C-2".'],
    [
      "        public.a: { insert: 1 }",
      "        A: { insert: 1 }",
      "24:9 /steps/1/allowed/rows/A This key is not of the form that is wanted here.",
    ],
    [
      "public.a: { insert: 1 }",
      "public.a: { inserts: 1 }",
      "24:21 /steps/1/allowed/rows/public.a/inserts This field is not known. Remove it.",
    ],
    [
      "public.a: { insert: 1 }",
      "public.a: { insert: -1 }",
      "24:29 /steps/1/allowed/rows/public.a/insert It must be >= 0.",
    ],
  ];
  for (const [text, other, expected] of cases) {
    const found = await faults(sampleWith(text, other));
    t.ok(found.includes(expected), `${expected} | ${found.join(" | ")}`);
  }
  const lacking = await faults(sampleWith("    handoff: Counts are known.\n", ""));
  t.strictSame(lacking, ["7:5 /steps/0/handoff This field is required."]);
  t.strictSame(await faults("5"), ["1:1  It must be object."]);
});

t.test("PLAN-1 a fault in one step hides none in another, and a hundred are enough", async (t) => {
  const both = samplePlan.replaceAll("no_island: None.", "no_iland: None.");
  t.equal((await faults(both)).length, 6);
  const many = `plan: a\n${Array.from({ length: 300 }, (_, n) => `k${n}: 1`).join("\n")}\n`;
  t.equal((await faults(many)).length, 100);
});

t.test("PLAN-1 faults in SQL are at their line and column of the file", async (t) => {
  const source = sampleWith(
    "      INSERT INTO public.a VALUES (1);\n",
    "      -- é\n      SELECT 'é', pg_sleep(1); COMMIT;\n",
  );
  t.match(await faults(source), [
    /^33:19 \/steps\/1\/sql The function pg_sleep is refused/,
    /^33:32 \/steps\/1\/sql Transaction control/,
  ]);
  const plain = sampleWith("SELECT count(*) FROM public.a", "SELECT count(*) FROM public.a FOR UPDATE; COMMIT");
  t.match(await faults(plain), [/^35:56 \/steps\/1\/evidence\/0\/sql It must be one SELECT, and no more/]);
  const quoted = sampleWith("DROP TABLE public.a", '"DROP TABLE public.a; COMMIT"');
  t.match(await faults(quoted), [/^43:34 \/steps\/1\/rollback\/sql Transaction control/]);
});

t.test("PLAN-1 parsePlan throws one problem with every fault", async (t) => {
  const source = sampleWith("kind: check", "kind: chek").replace("mode: revert", "mode: undo");
  const thrown: unknown = await parsePlan(source).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof PlanFileProblem)) throw new Error("no PlanFileProblem");
  t.equal(thrown.code, "PLAN_INVALID");
  t.equal(thrown.definition.kind, "invalid");
  t.match(thrown.message, /line 9, column 11: .*\(and 1 more\)/);
  t.match(thrown.errors, [
    { pointer: "/steps/0/kind", detail: /^line 9, column 11: It must be one of/ },
    { pointer: "/steps/1/rollback/mode", detail: /^line 42, column 13: / },
  ]);
  t.match(thrown.members, {
    faults: [
      { line: 9, column: 11 },
      { line: 42, column: 13 },
    ],
  });
});

t.test("PLAN-1 names of JavaScript's own are members as any other", async (t) => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const found = await faults(sampleWith("title: A sample", `title: A sample\n${name}: { kind: sql }`));
    t.strictSame(found, [`4:1 /${name} This field is not known. Remove it.`]);
    const kind = await faults(sampleWith("kind: check", `kind: ${name}`));
    t.match(kind[0], /must be one of "sql"/);
  }
  const source = sampleWith("equals: 1 }", "equals: { __proto__: 1, constructor: 2 } }");
  t.strictSame(await faults(source), []);
  const other = sampleWith("equals: 1 }", "equals: { __proto__: 2, constructor: 2 } }");
  t.not((await parsePlan(source)).digest, (await parsePlan(other)).digest, "the digest sees it");
  t.equal(lineOf(source, "__proto__"), 36);
});

t.test("PLAN-1 whatever is handed in as a plan is read or refused by a PlanFileProblem", async (t) => {
  t.setTimeout(120_000);
  const seed = Number(process.hrtime.bigint() % 2_147_483_647n);
  t.comment(`seed ${seed}`);
  const pieces = fc.constantFrom(
    "plan:",
    "steps:",
    "- ",
    "\n",
    "  ",
    "&a",
    "*a",
    "!!",
    "{",
    "}",
    "[",
    "]",
    "|",
    ">",
    '"',
    "'",
    "#",
    "é",
    "😀",
    "%",
    "---",
    "...",
    "? ",
    ": ",
    "<<",
    "\t",
    "\r",
    "\0",
  );
  const cut = fc.tuple(fc.nat(samplePlan.length), fc.nat(40), fc.string({ unit: "binary", maxLength: 10 }));
  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc.array(pieces, { maxLength: 40 }).map((list) => list.join("")),
    cut.map(([at, length, text]) => samplePlan.slice(0, at) + text + samplePlan.slice(at + length)),
  );
  await fc.assert(
    fc.asyncProperty(anyText, async (source) => {
      const lines = source.split("\n").length;
      const { digest, faults: found } = await lintPlan(source);
      if ((digest === undefined) === (found.length === 0)) throw new Error("neither a plan nor a fault, or both");
      for (const { line, column } of found) {
        if (line < 1 || line > lines + 1 || column < 1) throw new Error(`a fault at ${line}:${column}`);
      }
      await parsePlan(source).catch((error: unknown) => {
        if (!(error instanceof PlanFileProblem)) throw error;
      });
    }),
    { seed, numRuns: 300 },
  );
});
