import t from "tap";
import Type from "typebox";
import type { AnyBuild, StateDeclaration } from "../../src/runs/index.ts";
import { builds } from "../../src/runs/index.ts";
import { nextState, stateOf, undoPlanOf, writeStates } from "../../src/runs/engine/engine.ts";
import { c1Vocabulary, c1VocabularyRollback } from "../../src/runs/builds/c1-vocabulary/index.ts";

const nothing = async () => ({});

/** A build of these states, each named `kind compensation`. */
function buildOf(...states: readonly string[]): AnyBuild {
  const declared = states.map((text, position): StateDeclaration<unknown> => {
    const [kind = "", compensation = ""] = text.split(" ");
    const base = { state: `S${position}`, name: `N${position}`, summary: "", compensation };
    if (kind === "check") return { ...base, kind, check: nothing };
    if (kind === "write") return { ...base, kind, action: nothing, verify: nothing, undo: nothing };
    return { ...base, kind: kind as "reserve" | "finalize" };
  });
  const made = {
    name: "made",
    summary: "",
    carrier: "X",
    target: "X",
    leaseName: "x",
    actionSet: [],
    needs: () => [],
    input: Type.Object({}),
    examine: () => undefined,
    digests: () => ({ manifest_digest: "", schema_digest: "", count: 0 }),
    states: declared,
    fingerprint: async () => "",
    standing: async () => "",
    baseline: async () => undefined,
    delta: nothing,
    explain: () => undefined,
  };
  return made;
}

const plan = (build: AnyBuild, lastOk: string | null): string[] =>
  undoPlanOf(build, lastOk).map(({ state, compensation }) => `${state} ${compensation}`);

t.test("RUN-1 the C1 build declares the eight states of the document, with the stop state of each", (t) => {
  t.strictSame(
    c1Vocabulary.states.map(({ state, name, kind, compensation }) => `${state} ${name} ${kind} ${compensation}`),
    [
      "S0 PREFLIGHT check ABORT",
      "S1 RESERVE_CONSUME reserve ABORT_NO_LEASE",
      "S2 SCHEMA write COMP_SCHEMA",
      "S3 VERIFY_SCHEMA write COMP_SCHEMA",
      "S4 VALUES write COMP_VALUES",
      "S5 VERIFY_VALUES write COMP_VALUES",
      "S6 EVIDENCE write COMP_EVIDENCE",
      "S7 FINALIZE finalize COMP_FINALIZE",
    ],
  );
  t.equal(c1Vocabulary.leaseName, "lego1-c1-build", "LEASE-3");
  t.end();
});

t.test("RUN-1 every build that ships is whole: what it looks at first, what it reserves, what ends it", (t) => {
  for (const build of builds) {
    const kinds = build.states.map(({ kind }) => kind);
    t.strictSame(kinds.slice(0, 2), ["check", "reserve"], `${build.name} looks and reserves before it writes`);
    t.equal(kinds.at(-1), "finalize");
    t.ok(
      kinds.slice(2, -1).every((kind) => kind === "write"),
      "what lies between writes, so that a rehearsal can play all of it in one transaction",
    );
    t.strictSame(
      build.states.map(({ state }) => state),
      build.states.map((_, position) => `S${position}`),
    );
    t.strictSame([build.states[0]?.compensation, build.states[1]?.compensation], ["ABORT", "ABORT_NO_LEASE"]);
    t.ok(build.rollback === undefined || builds.some(({ name }) => name === build.rollback));
  }
  t.equal(new Set(builds.map(({ name }) => name)).size, builds.length);
  t.end();
});

t.test("RUN-6 a rollback needs the action of each of its acts, and a build its own", (t) => {
  const steps = (...acts: string[]) => ({
    rolls_back: "r",
    steps: acts.map((act) => ({ act, operation_code: "a", protocol_version: "1", rollback_ref: "r", reason: "r" })),
  });
  t.strictSame(c1VocabularyRollback.needs(steps("retire", "restore", "retire")), [
    "dot_c1_retire_value",
    "dot_c1_restore_value",
  ]);
  for (const act of ["retire", "supersede", "restore"]) {
    t.ok(c1VocabularyRollback.actionSet.includes(c1VocabularyRollback.needs(steps(act))[0] ?? ""), act);
  }
  t.strictSame(c1Vocabulary.needs({ manifest: { entries: [] } }), c1Vocabulary.actionSet);
  t.end();
});

t.test("OPEN-2 what undoes the completed states: the latest first, each compensation once", (t) => {
  const c1 = c1Vocabulary as AnyBuild;
  const plans: [string | null, string[]][] = [
    [null, []],
    ["S0", []],
    ["S1", []],
    ["S2", ["S2 COMP_SCHEMA"]],
    ["S3", ["S3 COMP_SCHEMA"]],
    ["S4", ["S4 COMP_VALUES", "S3 COMP_SCHEMA"]],
    ["S5", ["S5 COMP_VALUES", "S3 COMP_SCHEMA"]],
    ["S6", ["S6 COMP_EVIDENCE", "S5 COMP_VALUES", "S3 COMP_SCHEMA"]],
    ["S7", ["S6 COMP_EVIDENCE", "S5 COMP_VALUES", "S3 COMP_SCHEMA"]],
  ];
  for (const [lastOk, expected] of plans) t.strictSame(plan(c1, lastOk), expected, `${lastOk} was the last`);
  t.end();
});

t.test("OPEN-2 only what writes is undone, and a compensation that comes back is still one", (t) => {
  const build = buildOf("check A", "reserve B", "write C", "check D", "write E", "write C", "finalize F");
  t.strictSame(plan(build, "S3"), ["S2 C"], "a look is not undone");
  t.strictSame(plan(build, "S5"), ["S5 C", "S4 E"]);
  t.strictSame(plan(build, "S6"), ["S5 C", "S4 E"]);
  t.strictSame(plan(build, "S9"), [], "of a state that the build does not have nothing is known");
  t.end();
});

t.test("RUN-1 a run goes on behind its last completed state", (t) => {
  const build = buildOf("check A", "reserve B", "write C", "finalize D");
  t.equal(nextState(build, null)?.state, "S0");
  t.equal(nextState(build, "S0")?.state, "S1");
  t.equal(nextState(build, "S2")?.state, "S3");
  t.equal(nextState(build, "S3"), undefined);
  t.equal(stateOf(build, "S2").compensation, "C");
  t.throws(() => stateOf(build, "S4"), /made has no state S4/);
  t.strictSame(
    writeStates(build).map(({ state }) => state),
    ["S2"],
  );
  t.end();
});
