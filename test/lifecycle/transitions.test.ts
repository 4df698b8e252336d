import { createHash } from "node:crypto";
import t from "tap";
import { ServiceProblem } from "../../src/kernel/problems.ts";
import { LifecycleProblem, lifecycleBuilds, requireForm } from "../../src/lifecycle/index.ts";
import { presentOutcome, requireAll, requireVersions } from "../../src/lifecycle/transitions/answers.ts";
import { askedOf, digestsOfInput, examineInput, inOrder } from "../../src/lifecycle/transitions/input.ts";
import { kinds, leaseName } from "../../src/lifecycle/transitions/kinds.ts";
import type { ManifestUnit, TransitionInput } from "../../src/lifecycle/transitions/schemas.ts";
import type { Answered } from "../../src/lifecycle/transitions/store.ts";

const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

const unit = (n: number, changes: Partial<ManifestUnit> = {}): ManifestUnit => ({
  canonical_address: `ICX-CONST/DIEU-${n}`,
  version_id: uuid(n),
  version_digest: digest(`text ${n}`),
  identity_digest: digest(`unit ${n}`),
  ...changes,
});

const input = (changes: Partial<TransitionInput> = {}): TransitionInput => ({
  transition: "enact",
  units: [unit(1), unit(2)],
  review_decision_id: uuid(900),
  review_decision_digest: digest("decision"),
  reason: "For a test.",
  gateway_digest: digest("gateway"),
  ...changes,
});

/** Where the problem says it is. */
function faultOf(work: () => void): string {
  try {
    work();
    return "none";
  } catch (error) {
    if (!(error instanceof ServiceProblem)) throw error;
    return [error.code, ...(error.errors ?? []).map((one) => one.pointer)].join(" ");
  }
}

t.test("LIFE-6 the digest of a manifest names units, versions and terms, in whatever order they come", (t) => {
  const { manifest_digest, schema_digest, count } = digestsOfInput(input());
  t.equal(schema_digest, digest("gateway"), "the gateway is the schema");
  t.equal(count, 2);
  t.same(digestsOfInput(input({ units: [unit(2), unit(1)] })), { manifest_digest, schema_digest, count });
  const others: Partial<TransitionInput>[] = [
    { units: [unit(1)] },
    { units: [unit(1), unit(3)] },
    { units: [unit(1), unit(2, { version_digest: digest("another text") })] },
    { units: [unit(1), unit(2, { version_id: uuid(3) })] },
    { units: [unit(1), unit(2, { identity_digest: digest("another unit") })] },
    { units: [unit(1), unit(2, { new_version_id: uuid(3), new_version_digest: digest("newer") })] },
    { transition: "retire" },
    { review_decision_id: uuid(901) },
    { review_decision_digest: digest("another decision") },
    { compensation_decision_id: uuid(902) },
    { change_set_id: uuid(903) },
    { reason: "For another." },
  ];
  const digests = others.map((changes) => digestsOfInput(input(changes)).manifest_digest);
  t.equal(new Set([manifest_digest, ...digests]).size, others.length + 1, "each term counts");
  const elsewhere = digestsOfInput(input({ gateway_digest: digest("another gateway") }));
  t.same([elsewhere.manifest_digest, elsewhere.schema_digest], [manifest_digest, digest("another gateway")]);
  t.end();
});

t.test("LIFE-6 units are in the order of their addresses' bytes, as the database has them", (t) => {
  const names = [
    "ICX-CONST/DIEU-10",
    "ICX-CONST/DIEU-2",
    "ICX-CONST/ĐIỀU-1",
    "ICX-CONST/dieu-1",
    "ICX-CONST/𝔇",
    "ICX-CONST/ﬀ",
  ];
  const sorted = names.map((canonical_address) => ({ canonical_address })).sort(inOrder);
  t.strictSame(
    sorted.map((one) => one.canonical_address),
    ["ICX-CONST/DIEU-10", "ICX-CONST/DIEU-2", "ICX-CONST/dieu-1", "ICX-CONST/ĐIỀU-1", "ICX-CONST/ﬀ", "ICX-CONST/𝔇"],
  );
  t.end();
});

t.test("LIFE-6 what the schema of an input cannot say is refused with its place", (t) => {
  const newer = { new_version_id: uuid(50), new_version_digest: digest("newer") };
  const cases: readonly (readonly [string, string, Partial<TransitionInput>, string])[] = [
    ["as it should be", "enact", {}, "none"],
    [
      "with its compensation",
      "enact",
      { compensation_decision_id: uuid(9), compensation_decision_digest: digest("9") },
      "none",
    ],
    [
      "with half a compensation",
      "enact",
      { compensation_decision_id: uuid(9) },
      "INVALID_REQUEST /input/compensation_decision_digest",
    ],
    ["of another transition", "retire", {}, "INVALID_REQUEST /input/transition"],
    ["twice the same", "enact", { units: [unit(1), unit(2), unit(1)] }, "INVALID_REQUEST /input/units/2"],
    [
      "twice, as another version",
      "enact",
      { units: [unit(1), unit(1, { version_id: uuid(7) })] },
      "INVALID_REQUEST /input/units/1",
    ],
    ["a new version to enact", "enact", { units: [unit(1), unit(2, newer)] }, "INVALID_REQUEST /input/units/1"],
    [
      "a new version to retire",
      "retire",
      { transition: "retire", units: [unit(1, newer)] },
      "INVALID_REQUEST /input/units/0",
    ],
    ["a retirement", "retire", { transition: "retire" }, "none"],
    [
      "a compensation of a retirement",
      "retire",
      { transition: "retire", compensation_decision_id: uuid(9) },
      "INVALID_REQUEST /input/compensation_decision_id",
    ],
    ["a supersession", "supersede", { transition: "supersede", units: [unit(1, newer)] }, "none"],
    [
      "a compensation of a supersession",
      "supersede",
      { transition: "supersede", units: [unit(1, newer)], compensation_decision_id: uuid(9) },
      "INVALID_REQUEST /input/compensation_decision_id",
    ],
    ["superseded by nothing", "supersede", { transition: "supersede" }, "INVALID_REQUEST /input/units/0"],
    [
      "superseded by a version without a digest",
      "supersede",
      { transition: "supersede", units: [unit(1, { new_version_id: uuid(50) })] },
      "INVALID_REQUEST /input/units/0",
    ],
    [
      "superseded by itself",
      "supersede",
      { transition: "supersede", units: [unit(1, newer), unit(2, { ...newer, new_version_id: uuid(2) })] },
      "INVALID_REQUEST /input/units/1/new_version_id",
    ],
  ];
  for (const [what, transition, changes, place] of cases)
    t.equal(
      faultOf(() => examineInput(transition, input(changes))),
      place,
      what,
    );
  t.same(askedOf([unit(1, newer)]), [
    { canonical_address: "ICX-CONST/DIEU-1", prior_version_id: uuid(1), new_version_id: uuid(50) },
  ]);
  t.end();
});

t.test("LIFE-1 a request for one unit is a dry run or under a grant, whole", (t) => {
  const dry = { dry_run: true, canonical_address: "ICX-CONST/DIEU-1", review_decision_id: uuid(1) };
  const granted = {
    idempotency_root: "root-1",
    auth_code: "GBA-1",
    bindings: {},
    input: input({ units: [unit(1)] }),
  };
  const form = (request: object) => faultOf(() => requireForm(request));
  t.equal(form(dry), "none");
  t.equal(
    form({ ...dry, database: "default", new_version_id: uuid(2), change_set_id: uuid(3), reason: "So." }),
    "none",
  );
  t.equal(form(granted), "none");
  t.equal(form({ ...granted, dry_run: false, target: "default", work_within_seconds: 60 }), "none");
  t.equal(form({}), "INVALID_REQUEST /idempotency_root /auth_code /bindings /input");
  t.equal(form({ dry_run: true }), "INVALID_REQUEST /canonical_address /review_decision_id");
  for (const name of ["idempotency_root", "auth_code", "bindings"] as const)
    t.equal(form({ ...dry, [name]: granted[name] }), `INVALID_REQUEST /${name}`, `a dry run with ${name}`);
  for (const [name, value] of Object.entries({ ...dry, database: "default", new_version_id: uuid(2), reason: "So." })) {
    if (name !== "dry_run")
      t.equal(form({ ...granted, [name]: value }), `INVALID_REQUEST /${name}`, `a grant with ${name}`);
  }
  t.equal(form({ ...granted, input: input() }), "INVALID_REQUEST /input/units", "two units");
  t.equal(form({ ...dry, input: input() }), "INVALID_REQUEST /input /input/units");
  t.end();
});

const answer = (n: number, changes: Partial<Answered> = {}): Answered => ({
  status: "enacted",
  canonical_address: `ICX-CONST/DIEU-${n}`,
  uv_id: uuid(n),
  uv_content_digest: digest(`text ${n}`),
  ...changes,
});

function problemOf(work: () => void): { code: string; detail: string; members: object } | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof LifecycleProblem)) throw error;
    return { code: error.code, detail: error.message, members: error.members ?? {} };
  }
}

t.test("LIFE-6 every unit must have the answer that is expected, and all that have not are told", (t) => {
  t.equal(
    problemOf(() => requireAll([answer(1), answer(2)], "enacted")),
    undefined,
  );
  const one = problemOf(() =>
    requireAll([answer(1), answer(2, { status: "already_enacted", detail: "It is." })], "enacted"),
  );
  t.match(one, {
    code: "TRANSITION_REFUSED",
    detail: "ICX-CONST/DIEU-2: already_enacted (It is.).",
    members: { refused: [{ canonical_address: "ICX-CONST/DIEU-2", status: "already_enacted" }] },
  });
  const all = Array.from({ length: 60 }, (_, n) => answer(n, { status: "review_decision_not_found" }));
  const many = problemOf(() => requireAll(all, "plan_ok"));
  t.equal(many?.detail, "ICX-CONST/DIEU-0: review_decision_not_found, and 59 more.");
  t.match(many, { members: { refused: { length: 20 } } }, "no answer grows with the manifest");
  t.match(
    problemOf(() => requireAll([answer(1, { status: "plan_ok" })], "enacted")),
    { code: "TRANSITION_REFUSED" },
  );
  t.end();
});

t.test("LIFE-6 a unit that is another version than was approved has moved", (t) => {
  t.equal(
    problemOf(() => requireVersions([unit(1)], [answer(1), answer(2)])),
    undefined,
  );
  const newer = { new_version_id: uuid(50), new_version_digest: digest("newer") };
  t.equal(
    problemOf(() => requireVersions([unit(1, newer)], [answer(1, { new_uv_content_digest: digest("newer") })])),
    undefined,
  );
  const moved: readonly (readonly [string, ManifestUnit, Answered[]])[] = [
    ["another version", unit(1), [answer(1, { uv_id: uuid(2) })]],
    ["another text", unit(1), [answer(1, { uv_content_digest: digest("another") })]],
    ["no version", unit(1), [answer(1, { uv_id: null })]],
    ["no text", unit(1), [answer(1, { uv_content_digest: null })]],
    ["no answer", unit(1), [answer(2)]],
    ["another new text", unit(1, newer), [answer(1, { new_uv_content_digest: digest("another") })]],
    ["no new text", unit(1, newer), [answer(1)]],
  ];
  for (const [what, approved, answers] of moved) {
    const problem = problemOf(() => requireVersions([approved], answers));
    t.match(problem, { code: "UNIT_MOVED", members: { canonical_address: "ICX-CONST/DIEU-1" } }, what);
  }
  t.end();
});

t.test("LIFE-1 the gateway's answer is shown with its own word, and with what it lacks as null", (t) => {
  const rows = { iu: 1, uv: 1, log: 1 };
  t.same(presentOutcome({ status: "iu_not_found", canonical_address: "X" }), {
    canonical_address: "X",
    status: "iu_not_found",
    detail: null,
    from_status: null,
    to_status: null,
    log_id: null,
    rows: null,
  });
  t.same(presentOutcome(answer(1, { status: "plan_ok", would_write_rows: rows })).rows, rows);
  t.same(presentOutcome(answer(1, { wrote_rows: rows, log_id: 7 })).log_id, 7);
  t.end();
});

t.test("LIFE-6 LIFE-7 the three builds are for a target and an action each, under one lease", (t) => {
  t.equal(lifecycleBuilds.length, 3);
  t.equal(leaseName, "iu-lifecycle");
  for (const [name, kind] of Object.entries(kinds)) {
    const build = lifecycleBuilds.find((one) => one.name === kind.build);
    t.match(build, { carrier: "IU", target: kind.target, leaseName: "iu-lifecycle", actionSet: [`iu_${name}`] });
    t.strictSame(build?.needs({} as never), [`iu_${name}`]);
    t.strictSame(
      build?.states.map(({ state, kind: is }) => `${state} ${is}`),
      ["S0 check", "S1 reserve", "S2 write", "S3 check", "S4 finalize"],
      "the dry run of all comes before anything is burned",
    );
    t.notOk(build?.rollback, "nothing is taken back: the log is for ever");
  }
  t.equal(new Set(Object.values(kinds).map((kind) => kind.target)).size, 3);
  t.end();
});
