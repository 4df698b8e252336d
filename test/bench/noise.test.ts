import t from "tap";
import { Comparison } from "../../bench/support/comparison.ts";
import { compare, fewestRounds, ratioText, refusal, spread } from "../../bench/support/noise.ts";

/** As many samples as factors, around 1,000. */
const around = (...factors: number[]): number[] => factors.map((factor) => factor * 1_000);
const ones = (rounds: number): number[] => Array.from({ length: rounds }, () => 1_000);

t.test("operations: a pair whose rounds overlap has no ratio", async (t) => {
  const pairs: Readonly<Record<string, readonly [number[], number[]]>> = {
    "the same, shaken": [around(1, 1.1, 0.9, 1.05, 0.95), around(1.02, 0.97, 1.08, 0.96, 1.01)],
    "faster but for one round": [around(1.3, 1.25, 0.98, 1.4, 1.3), ones(5)],
    "always faster, by less than the rounds differ": [around(1.05, 1.1, 1.15, 1.6, 1.02), ones(5)],
    "exactly the same": [ones(5), ones(5)],
  };
  for (const [what, [own, other]] of Object.entries(pairs)) {
    t.equal(ratioText(compare(own, other)), refusal, what);
    t.equal(ratioText(compare(other, own)), refusal, `${what}, the other way round`);
  }
});

t.test("operations: a clear difference is printed with its spread, either way round", async (t) => {
  const own = around(1.3, 1.32, 1.28, 1.35, 1.31);
  t.equal(ratioText(compare(own, ones(5))), "1.31 (1.28-1.35)");
  t.equal(ratioText(compare(ones(5), own)), "0.763 (0.741-0.781)");
});

t.test("operations: rounds are compared each with itself, so that a slow minute says nothing", async (t) => {
  const slow = [1, 0.3, 0.9, 0.25, 0.8];
  const own = slow.map((share, round) => share * 1_300 * (1 + round / 100));
  const other = slow.map((share) => share * 1_000);
  const ratio = compare(own, other);
  t.notOk(ratio.withinNoise);
  t.equal(Number(ratio.median.toFixed(3)), 1.326);
  t.ok(
    compare(own, [...other.slice(1), ...other.slice(0, 1)]).withinNoise,
    "the same samples, paired as they were not measured",
  );
});

t.test("operations: too few rounds have no ratio, however far apart", async (t) => {
  for (let rounds = 1; rounds < fewestRounds; rounds += 1) {
    const own = Array.from({ length: rounds }, () => 9_000);
    t.equal(ratioText(compare(own, ones(rounds))), refusal, `${rounds} rounds`);
  }
  t.equal(ratioText(compare(around(9, 9, 9), ones(fewestRounds))), "9.00 (9.00-9.00)");
});

t.test("operations: one round gone astray is left out only where there are enough others", async (t) => {
  const steady = (rounds: number): number[] => Array.from({ length: rounds }, (_, at) => 1_300 + at);
  const astray = (rounds: number): number[] => [...steady(rounds - 1), 400];
  t.ok(compare(astray(5), ones(5)).withinNoise, "five rounds: all of them count");
  const nine = compare(astray(9), ones(9));
  t.notOk(nine.withinNoise, "nine rounds: the median lies between the second and the eighth with 95 %");
  t.strictSame([nine.from, nine.to], [1.3, 1.306]);
  t.strictSame([nine.least, nine.most], [0.4, 1.307], "but the printed spread hides none");
});

t.test("operations: what is no ratio is an error", async (t) => {
  t.throws(() => compare([1, 2, 3], [1, 2]), /cannot be paired/);
  for (const wrong of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    t.throws(() => compare([1, wrong, 1], [1, 1, 1]), /above 0/, String(wrong));
  }
  t.throws(() => spread([]), /no samples/);
});

t.test("operations: the table refuses the ratio of a noisy pair, and keeps its samples", async (t) => {
  const comparison = new Comparison({ own: "ours", unit: "a second" });
  for (const [round, factor] of [1, 1.2, 0.8].entries()) {
    comparison.add({ what: "consume", who: "ours", value: 1_000 });
    comparison.add({ what: "consume", who: "noisy", value: 1_000 * factor });
    comparison.add({ what: "consume", who: "slow", value: 500 + round });
  }
  const said = comparison.rows().map((row) => (row as Record<string, unknown>)["ours to it"]);
  t.strictSame(said, ["", refusal, "2.00 (1.99-2.00)"]);
  t.equal(comparison.samples().length, 9);
});
