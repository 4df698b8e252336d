/** The formal model of docs/model/, in its short form; `npm run model` has the long one. */
import t, { type Test } from "tap";
import { check, missingTools } from "../../scripts/model/spin.ts";
import { type Variant, variants } from "../../scripts/model/variants.ts";

const missing = await missingTools();
const tools = { skip: missing ?? false };
t.setTimeout(290_000);

const whole = variants.filter(({ expected }) => expected === "holds");
const weakened = variants.filter(({ expected }) => expected !== "holds");

async function asExpected(t: Test, chosen: readonly Variant[]): Promise<void> {
  t.ok(chosen.length > 0, "there are variants");
  for (const variant of chosen) {
    const { wrong, states, depth, seconds, violated, steps } = await check(variant, true);
    t.equal(wrong, undefined, variant.name);
    t.comment(
      `${states} states, depth ${depth}, ${seconds.toFixed(1)} s${violated === undefined ? "" : `; ${violated}`}`,
    );
    if (variant.expected !== "holds") t.ok(steps.length > 0, "the counter-example is told step by step");
  }
}

t.test("GRANT-3, LEASE-2, RUN-2: the model holds in every order of three executors", tools, (t) =>
  asExpected(t, whole),
);

t.test("GRANT-3, LEASE-2, RUN-2: without any one guard spin finds a counter-example", tools, (t) =>
  asExpected(t, weakened),
);

t.test("operations: a model that breaks, and one that should and does not, are told apart", tools, async (t) => {
  const unguarded = ["NO_ROW_LOCK", "FAULTS=0", "STALLS=0", "CALLS=1", "WRITES=1"];
  const broken = await check({ name: "broken", switches: unguarded, expected: "holds", search: "all" }, true);
  t.match(broken.wrong, /^a counter-example: GRANT-/);

  const guarded = unguarded.slice(1);
  const expected = { breaks: "GRANT-5" };
  const sound = await check({ name: "sound", switches: guarded, expected, search: "shortest" }, true);
  t.equal(sound.wrong, "no counter-example was found");

  const other = { name: "other", switches: unguarded, expected: { breaks: "RUN-2" }, search: "shortest" } as const;
  t.match((await check(other, true)).wrong, /^another counter-example than to RUN-2: GRANT-5/);

  const misspelt = { name: "misspelt", switches: ["CALLS=many"], expected: "holds", search: "all" } as const;
  await t.rejects(check(misspelt, true), { message: /ended with/ });
});
