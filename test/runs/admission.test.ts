import t from "tap";
import { refusalOf, type Standing } from "../../src/runs/builds/c1-vocabulary/admission.ts";
import type { RollbackStep } from "../../src/runs/builds/c1-vocabulary/schemas.ts";
import { RunProblem } from "../../src/runs/errors.ts";

type Changes = { readonly [Field in keyof RollbackStep]?: RollbackStep[Field] | undefined };

/** A step that is admitted, with what a case changes of it; undefined leaves a field out. */
function step(changes: Changes = {}): RollbackStep {
  const whole = {
    act: "retire",
    operation_code: "grants.consume",
    protocol_version: "1",
    rollback_ref: "DOT_C1_ROLLBACK_CHECK",
    reason: "As approved.",
    ...changes,
  };
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== undefined)) as RollbackStep;
}

const supersede = (changes: Changes = {}): RollbackStep =>
  step({ act: "supersede", successor: { operation_code: "grants.consume", protocol_version: "2" }, ...changes });

const collection: Readonly<Record<string, ReturnType<Standing>>> = {
  "grants.consume@1": "active",
  "grants.consume@2": "active",
  "grants.verify@1": "retired",
  "grants.verify@2": "superseded",
};

/** What stands in the collection where a case says nothing else. */
const standing: Standing = (code, version) => collection[`${code}@${version}`];

const codeOf = (steps: readonly RollbackStep[], known?: Standing): string | undefined => refusalOf(steps, known)?.code;

/** Each rule with what breaks it and nothing before it. */
const broken: readonly { readonly rule: string; readonly step: RollbackStep; readonly known?: Standing }[] = [
  { rule: "RBP-2", step: step({ act: "delete" }) },
  { rule: "RBP-2", step: step({ act: "Retire" }) },
  { rule: "RBP-2", step: step({ act: "constructor" }) },
  { rule: "RBP-1", step: step({ protocol_version: undefined }) },
  { rule: "RBP-1", step: supersede({ protocol_version: undefined }) },
  { rule: "RBP-10", step: step({ collection: "public.users" }) },
  { rule: "RBP-10", step: step({ collection: "c1.audit" }) },
  { rule: "RBP-9", step: step({ rollback_ref: undefined }) },
  { rule: "RBP-7", step: supersede({ successor: undefined }) },
  { rule: "RBP-7", step: supersede({ successor: { operation_code: "grants.consume" } }) },
  { rule: "RBP-7", step: step({ successor: { operation_code: "grants.consume", protocol_version: "2" } }) },
  { rule: "RBP-7", step: step({ act: "restore", successor: { operation_code: "a" } }) },
  { rule: "RBP-8", step: supersede({ successor: { operation_code: "grants.consume", protocol_version: "1" } }) },
  { rule: "RBP-10", step: step({ operation_code: "nothing" }), known: standing },
  { rule: "RBP-10", step: step({ protocol_version: "3" }), known: standing },
  {
    rule: "RBP-7",
    step: supersede({ successor: { operation_code: "nothing", protocol_version: "1" } }),
    known: standing,
  },
  {
    rule: "RBP-8",
    step: supersede({ successor: { operation_code: "grants.verify", protocol_version: "1" } }),
    known: standing,
  },
  {
    rule: "RBP-8",
    step: supersede({ successor: { operation_code: "grants.verify", protocol_version: "2" } }),
    known: standing,
  },
];

t.test("RUN-6 each rule of admission refuses by its code, and names the step", (t) => {
  for (const { rule, step: bad, known } of broken) {
    const refused = refusalOf([step(), supersede(), bad], known);
    t.ok(refused instanceof RunProblem);
    t.match(
      refused,
      { code: rule, members: { step: 2 }, errors: [{ pointer: "/input/steps/2" }] },
      JSON.stringify(bad),
    );
    t.match(refused?.message, /^Step 3: /, "as a person counts");
  }
  t.strictSame(
    [...new Set(broken.map(({ rule }) => rule))].toSorted(),
    Object.keys(RunProblem.table)
      .filter((code) => code.startsWith("RBP-"))
      .toSorted(),
    "every rule of the catalogue is among them",
  );
  t.end();
});

t.test("RUN-6 what keeps all the rules is admitted, with and without a look at the collection", (t) => {
  const steps = [
    step(),
    step({ act: "restore", operation_code: "grants.verify" }),
    step({ act: "restore", operation_code: "grants.verify", protocol_version: "2" }),
    step({ collection: "c1.operation_vocabulary" }),
    supersede(),
  ];
  t.equal(refusalOf(steps), undefined);
  t.equal(refusalOf(steps, standing), undefined);
  t.equal(refusalOf([], standing), undefined);
  t.end();
});

t.test("RUN-6 the first refusal answers: of the first step that has one, by the rules in their order", (t) => {
  t.equal(codeOf([step(), step({ rollback_ref: undefined }), step({ act: "delete" })]), "RBP-9");
  const order: [Changes, string][] = [
    [{}, "RBP-2"],
    [{ act: "supersede" }, "RBP-1"],
    [{ protocol_version: "1" }, "RBP-10"],
    [{ collection: undefined }, "RBP-9"],
    [{ rollback_ref: "x" }, "RBP-7"],
  ];
  let changes: Changes = {
    act: "delete",
    protocol_version: undefined,
    collection: "other",
    rollback_ref: undefined,
    successor: { operation_code: "a" },
  };
  for (const [mended, code] of order) {
    changes = { ...changes, ...mended };
    t.equal(codeOf([step(changes)], standing), code);
  }
  t.end();
});

t.test("RUN-6 what is not known of the collection refuses nothing, and is no permission", (t) => {
  const unknown = supersede({
    operation_code: "nothing",
    successor: { operation_code: "none", protocol_version: "1" },
  });
  t.equal(codeOf([unknown]), undefined, "at the request nobody has looked yet");
  t.equal(codeOf([unknown], standing), "RBP-10", "in the target it is looked at again");
  t.end();
});
