import { c1Vocabulary } from "../../../src/runs/builds/c1-vocabulary/index.ts";
import type { AnyBuild, StateDeclaration } from "../../../src/runs/index.ts";

type Write = Extract<StateDeclaration, { kind: "write" }>;

const make = "CREATE SCHEMA IF NOT EXISTS tally; CREATE TABLE IF NOT EXISTS tally.effect (state text NOT NULL)";
const nothing = (): Promise<Record<string, never>> => Promise.resolve({});

/** Leaves a row each time that it is done: nothing in it finds out that it was done before. */
function tallied(state: string): Write {
  return {
    state,
    name: `TALLY_${state}`,
    kind: "write",
    compensation: `COMP_${state}`,
    summary: "Adds a row.",
    async action({ target }) {
      await target.query(make);
      await target.query("INSERT INTO tally.effect (state) VALUES ($1)", [state]);
      return { state };
    },
    verify: nothing,
    undo: nothing,
  };
}

const own = ["S2", "S3", "S4"];
const ends = c1Vocabulary.states.filter(({ kind }) => kind !== "write");
const start = ends.filter(({ kind }) => kind !== "finalize");

/**
 * A build whose effects are not idempotent, and that is blind to what stands in the target: that each is there once is the
 * engine's doing alone. It stands in the place of the C1 build, so that the same grants are for it.
 */
export const tally: AnyBuild = {
  ...c1Vocabulary,
  states: [...start, ...own.map(tallied), ...ends.filter(({ kind }) => kind === "finalize")],
  fingerprint: () => Promise.resolve("tally"),
  standing: () => Promise.resolve("tally"),
  baseline: () => Promise.resolve(null),
  delta: nothing,
};
