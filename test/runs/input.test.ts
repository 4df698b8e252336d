import t from "tap";
import { builds as shipped } from "../../src/runs/index.ts";
import { type Builds, examineInput, findBuild } from "../../src/runs/input.ts";

const builds: Builds = new Map(shipped.map((build) => [build.name, build]));
const entry = (changes: Record<string, unknown> = {}) => ({
  operation_code: "grants.consume",
  protocol_version: "1",
  description: "Consumes a grant.",
  ...changes,
});
const manifest = (...entries: unknown[]) => ({ manifest: { entries } });

/** Where an input is at fault, and what the refusal is called. */
function faults(input: unknown, build = "c1-vocabulary"): { code?: string; pointers: string[]; details: string[] } {
  try {
    examineInput(findBuild(builds, build, "body"), input);
    return { pointers: [], details: [] };
  } catch (error) {
    const { code, errors = [] } = error as { code: string; errors?: { pointer: string; detail: string }[] };
    return { code, pointers: errors.map(({ pointer }) => pointer), details: errors.map(({ detail }) => detail) };
  }
}

t.test("RUN-4 an input of any shape is refused with a pointer to each fault", (t) => {
  const cases: [unknown, string][] = [
    [undefined, "/input"],
    [null, "/input"],
    ["manifest", "/input"],
    [[], "/input"],
    [{ manifest: null }, "/input/manifest"],
    [{ manifest: { entries: {} } }, "/input/manifest/entries"],
    [manifest(), "/input/manifest/entries"],
    [manifest(entry(), null), "/input/manifest/entries/1"],
    [manifest(entry({ operation_code: null })), "/input/manifest/entries/0/operation_code"],
    [manifest(entry(), entry({ protocol_version: 2 })), "/input/manifest/entries/1/protocol_version"],
    [manifest(entry({ description: ["x"] })), "/input/manifest/entries/0/description"],
    [manifest(entry(), entry()), "/input/manifest/entries/1"],
  ];
  for (const [input, pointer] of cases) {
    const refused = faults(input);
    t.equal(refused.code, "INVALID_REQUEST", JSON.stringify(input));
    t.ok(refused.pointers.includes(pointer), `${pointer} among ${refused.pointers.join(", ")}`);
  }
  t.strictSame(faults(manifest(entry())).pointers, []);
  t.end();
});

t.test("RUN-4 a field that is missing or not known is named itself, as everywhere in the service", (t) => {
  t.strictSame(faults({}).pointers, ["/input/manifest"]);
  t.strictSame(faults({ manifest: {} }).pointers, ["/input/manifest/entries"]);
  t.strictSame(faults({ ...manifest(entry()), more: 1 }).pointers, ["/input/more"]);
  t.strictSame(faults(manifest(entry({ "a/b~c": 1, d: 2 }))).pointers, [
    "/input/manifest/entries/0/a~1b~0c",
    "/input/manifest/entries/0/d",
  ]);
  const { operation_code: _, protocol_version: __, ...bare } = entry();
  const missing = faults(manifest(bare));
  t.strictSame(missing.pointers, [
    "/input/manifest/entries/0/operation_code",
    "/input/manifest/entries/0/protocol_version",
  ]);
  t.match(missing.details, [/required/, /required/]);
  t.match(faults(manifest(entry({ more: 1 }))).details, [/not known/]);
  t.end();
});

t.test("RUN-4 versions and codes have one spelling each", (t) => {
  const versions = {
    good: ["0", "1", "10", "1.0", "1.10", "1.0.0", "999999999.0.1"],
    bad: [
      "",
      " 1",
      "1 ",
      "01",
      "1.01",
      "1.",
      ".1",
      "1..2",
      "1.0.0.0",
      "+1",
      "-1",
      "1e3",
      "0x1",
      "١",
      "1\n",
      "v1",
      "1000000000",
    ],
  };
  for (const protocol_version of versions.good) {
    t.strictSame(faults(manifest(entry({ protocol_version }))).pointers, [], protocol_version);
  }
  for (const protocol_version of versions.bad) {
    t.match(faults(manifest(entry({ protocol_version }))).pointers, ["/input/manifest/entries/0/protocol_version"]);
  }
  const codes = {
    good: ["a", "a_1", "grants.consume", "a:b-c.d", "a._", "x".repeat(120)],
    bad: ["", "A", "1a", "a.", ".a", "a..b", "a b", "a/b", "ä", "a\n", "a\u0000", "a@1", "x".repeat(121), "__proto__"],
  };
  for (const operation_code of codes.good) {
    t.strictSame(faults(manifest(entry({ operation_code }))).pointers, [], operation_code);
  }
  for (const operation_code of codes.bad) {
    t.ok(
      faults(manifest(entry({ operation_code }))).pointers.includes("/input/manifest/entries/0/operation_code"),
      operation_code,
    );
  }
  t.strictSame(faults(manifest(entry({ description: "é\n\t😀" }), entry({ operation_code: "b" }))).pointers, []);
  t.strictSame(faults(manifest(entry({ description: "😀".repeat(1_000) }))).pointers, [], "characters, not code units");
  t.end();
});

t.test("RUN-4 however much is wrong, the list of faults stays short", (t) => {
  const wrong = manifest(...Array.from({ length: 5_000 }, () => entry({ protocol_version: 1, extra: 1 })));
  const { pointers } = faults(wrong);
  t.ok(pointers.length >= 1 && pointers.length <= 20, `${pointers.length}`);
  t.end();
});

t.test("RUN-6 the steps of a rollback are pointed at in the same way", (t) => {
  const step = (changes: object = {}) => ({
    act: "retire",
    operation_code: "a",
    protocol_version: "1",
    rollback_ref: "r",
    reason: "r",
    ...changes,
  });
  const of = (...steps: unknown[]) => faults({ rolls_back: "r", steps }, "c1-vocabulary-rollback");
  t.strictSame(of(step()).pointers, []);
  t.ok(of().pointers.includes("/input/steps"));
  t.ok(of(step({ reason: " " })).pointers.includes("/input/steps/0/reason"));
  t.ok(of(step({ protocol_version: "01" })).pointers.includes("/input/steps/0/protocol_version"));
  t.match(of(step(), step({ act: "drop" })), { code: "RBP-2", pointers: ["/input/steps/1"] });
  t.match(of(step(), step({ act: "restore" })), { code: "INVALID_REQUEST", pointers: ["/input/steps/1"] });
  t.ok(faults({ rolls_back: "", steps: [step()] }, "c1-vocabulary-rollback").pointers.includes("/input/rolls_back"));
  t.end();
});

t.test("RUN-1 a build that is not known is refused where it was named", (t) => {
  t.throws(() => findBuild(builds, "none", "path"), { code: "NOT_FOUND" });
  t.throws(() => findBuild(builds, "none", "body"), {
    code: "INVALID_REQUEST",
    errors: [{ pointer: "/build", detail: "must be one of c1-vocabulary, c1-vocabulary-rollback" }],
  });
  for (const name of ["__proto__", "constructor", "toString"]) t.throws(() => findBuild(builds, name, "path"));
  t.end();
});
