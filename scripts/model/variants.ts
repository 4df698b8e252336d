/** What is asked of docs/model/consume.pml: with everything in place it holds, and without any one thing it does not. */

/** What a search has to end with: no error, or a counter-example to the property that a requirement names. */
export type Expected = "holds" | { readonly breaks: string };

export interface Variant {
  readonly name: string;
  /** The switches of the model, without their `-D`. */
  readonly switches: readonly string[];
  /** Smaller numbers in place of some of them, for the short form. */
  readonly short?: readonly string[];
  readonly expected: Expected;
  /**
   * `all` visits every state; `shortest` goes by breadth, so that the counter-example has the fewest steps; `cycles` looks
   * for an execution that goes on for ever; `any` takes the first counter-example that it comes to.
   */
  readonly search: "all" | "shortest" | "cycles" | "any";
}

const whole: readonly Variant[] = [
  {
    name: "use: two runs and a client want one grant",
    switches: ["FAULTS=1", "STALLS=1", "WRITES=1", "CALLS=2"],
    short: ["STALLS=0"],
    expected: "holds",
    search: "all",
  },
  {
    name: "lease: two runs, a grant each, one lease",
    switches: ["TWO_GRANTS", "FAULTS=1", "STALLS=1", "CALLS=0"],
    short: ["CALM", "WRITES=1"],
    expected: "holds",
    search: "all",
  },
  {
    name: "lapsed lease: a client takes it from a run",
    switches: ["TWO_GRANTS", "ONE_RUN", "FAULTS=1", "STALLS=1", "CALLS=2"],
    short: ["CALLS=1", "WRITES=1"],
    expected: "holds",
    search: "all",
  },
  {
    name: "rivals: two runs, a grant, more faults",
    switches: ["CALM", "FAULTS=2", "STALLS=1", "CALLS=0"],
    short: ["FAULTS=1"],
    expected: "holds",
    search: "all",
  },
  {
    name: "resume: one run, crashed and stalled again and again",
    switches: ["CALM", "ONE_RUN", "FAULTS=3", "STALLS=2", "CALLS=0"],
    short: ["FAULTS=1"],
    expected: "holds",
    search: "all",
  },
  {
    name: "end: no execution goes on for ever",
    switches: ["ONE_RUN", "FAULTS=2", "STALLS=1", "CALLS=0"],
    expected: "holds",
    search: "cycles",
  },
  {
    name: "second line alone: no row lock",
    switches: ["NO_ROW_LOCK", "SECOND_LINE", "FAULTS=1", "STALLS=0", "WRITES=1", "CALLS=2"],
    short: ["FAULTS=0"],
    expected: "holds",
    search: "all",
  },
  {
    name: "second line alone: clock before lock",
    switches: ["EARLY_CLOCK", "SECOND_LINE", "FAULTS=1", "STALLS=0", "WRITES=1", "CALLS=2"],
    short: ["FAULTS=0"],
    expected: "holds",
    search: "all",
  },
];

/** Nothing goes wrong but what is named: the counter-example is about the switch alone. */
const use = ["FAULTS=0", "STALLS=0"];
const resume = ["CALM", "ONE_RUN", "CALLS=0"];

const weakened: readonly Variant[] = [
  {
    name: "no row lock",
    switches: ["NO_ROW_LOCK", ...use],
    expected: { breaks: "GRANT-5" },
    search: "shortest",
  },
  {
    name: "no row lock, and nobody revokes",
    switches: ["NO_ROW_LOCK", "CALM", ...use],
    expected: { breaks: "GRANT-3" },
    search: "shortest",
  },
  {
    name: "clock before lock",
    switches: ["EARLY_CLOCK", ...use],
    expected: { breaks: "GRANT-3" },
    search: "shortest",
  },
  { name: "no gate", switches: ["NO_GATE", ...use], expected: { breaks: "GRANT-9" }, search: "shortest" },
  {
    name: "no fence",
    switches: ["NO_FENCE", ...resume, "FAULTS=0", "STALLS=1"],
    expected: { breaks: "LEASE-2" },
    search: "shortest",
  },
  {
    name: "marker apart",
    switches: ["MARKER_APART", ...resume, "FAULTS=1", "STALLS=0"],
    expected: { breaks: "RUN-2" },
    search: "shortest",
  },
  {
    name: "markers read before the fence is raised",
    switches: ["READ_FIRST", ...resume, "FAULTS=0", "STALLS=1"],
    expected: { breaks: "RUN-2" },
    search: "shortest",
  },
  {
    name: "lease taken up with the same token",
    switches: ["SAME_TOKEN", ...resume, "FAULTS=0", "STALLS=1"],
    expected: { breaks: "RUN-2" },
    search: "shortest",
  },
  {
    name: "no place kept under a lapsed lease",
    switches: ["NO_INDEX", "TWO_GRANTS", "CALM", "CALLS=0", "FAULTS=0", "STALLS=1"],
    expected: { breaks: "LEASE-1" },
    search: "shortest",
  },
];

export const variants: readonly Variant[] = [...whole, ...weakened];

const nameOf = (one: string): string => one.replace(/=.*/, "");

/** The switches as given, those of the short form in the place of their namesakes. */
export function switchesOf({ switches, short = [] }: Variant, inShort: boolean): string[] {
  const replacing = inShort ? short : [];
  const replaced = new Set(replacing.map(nameOf));
  return [...switches.filter((one) => !replaced.has(nameOf(one))), ...replacing];
}
