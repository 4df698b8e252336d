import t from "tap";
import { controlBatches, roundsOf, soundBatches } from "../../faults/batches.ts";
import { kinds } from "../../faults/kinds/index.ts";
import { controlOf, controlsHold, outcomeOf, type Played } from "../../faults/outcome.ts";
import { readOptions } from "../../faults/options.ts";
import { seedOfRound } from "../../faults/seeded.ts";

const some = kinds.filter(({ name }) => ["nothing", "kill-service", "disk-full"].includes(name));
const played = (more: Partial<Played>): Played => ({
  name: "r",
  kind: "kill-service",
  manner: "service",
  seed: 1,
  injections: 5,
  operations: 10,
  acknowledged: 8,
  unknown: 1,
  violations: [],
  seconds: 1,
  journal: "",
  replay: "",
  ...more,
});

t.test(
  "operations: a total is spread over the kinds that strike, and one round without a fault is enough",
  async (t) => {
    const tasks = roundsOf(some, { seed: 7, rounds: 1, injections: 10, total: 50 });
    const strikes = (name: string): number =>
      tasks.filter(({ kind }) => kind.name === name).reduce((sum, { injections }) => sum + injections, 0);
    t.equal(strikes("kill-service"), 25);
    t.equal(strikes("disk-full"), 25);
    t.equal(tasks.filter(({ kind }) => kind.name === "nothing").length, 1);
    t.strictSame(
      tasks.filter(({ kind }) => kind.name === "disk-full").map(({ seed, injections }) => [seed, injections]),
      [
        [7, 10],
        [seedOfRound(7, 1), 10],
        [seedOfRound(7, 2), 5],
      ],
      "the first round has the seed of all",
    );
  },
);

t.test("operations: kinds of one place share their batches, and each place has its controls", async (t) => {
  const batches = soundBatches(roundsOf(some, { seed: 7, rounds: 2, injections: 3 }));
  t.strictSame(
    batches.map(({ place, tasks }) => [place.name, tasks.length]),
    [
      ["own", 4],
      ["small", 2],
    ],
  );
  const controls = controlBatches(some, { seed: 7, injections: 3, controlInjections: 1, controlRounds: 4 });
  t.strictSame(
    controls.map(({ place, manner, tasks }) => [place.name, manner, tasks.length]),
    [
      ["own", "naive", 5],
      ["small", "naive", 4],
    ],
  );
});

t.test("operations: a control counts as caught only by a check that its kind is there for", async (t) => {
  const [nothing, killService] = some;
  if (nothing === undefined || killService === undefined) throw new Error("no such kinds");
  const naive = (kind: string, check: "late" | "lost"): Played =>
    played({ kind, manner: "naive", violations: [{ check, what: "something" }] });
  t.equal(controlOf(killService, "naive", []).asExpected, undefined, "it has not been played");
  t.equal(controlOf(killService, "naive", [naive("kill-service", "late")]).asExpected, false);
  t.equal(controlOf(killService, "naive", [naive("kill-service", "lost")]).asExpected, true);
  t.equal(controlOf(nothing, "naive", [played({ kind: "nothing", manner: "naive" })]).asExpected, true);
  const touched = outcomeOf(some, [naive("nothing", "lost")], new Map(), "18");
  t.equal(controlsHold(touched), false, "without a fault it is left alone");
});

t.test("operations: a violation of the service fails its round, and one of a control does not", async (t) => {
  const violations = [{ check: "lost", what: "something" }] as const;
  const rounds = [played({ violations }), played({}), played({ manner: "naive", violations })];
  const { rows, failed } = outcomeOf(some, rounds, new Map([["disk-full", "no room"]]), "18");
  t.equal(failed.length, 1);
  t.match(rows[1], { kind: "kill-service", rounds: 2, injections: 10, violations: 1 });
  t.match(rows[2], { kind: "disk-full", rounds: 0, skipped: "no room" });
});

t.test("operations: options of the harness that make no sense are refused", async (t) => {
  t.match(readOptions(["--total=1000", "--report", "a.md"]), {
    total: 1_000,
    injections: 10,
    atOnce: 2,
    report: "a.md",
  });
  t.match(readOptions(["--kind", "disk-full"]), { total: undefined, injections: 4, atOnce: 1 });
  for (const words of [
    ["--total", "5", "--rounds", "2"],
    ["--report", "a.txt"],
    ["--kind", "x"],
    ["--total", "0"],
    ["-x"],
  ]) {
    t.throws(() => readOptions(words), /known|take|exclude|no kind|number/, words.join(" "));
  }
});
