import Type from "typebox";
import type { Build, StateDeclaration } from "../../src/runs/index.ts";
import { times } from "./contender.ts";

const Input = Type.Object({ steps: Type.Integer() }, { additionalProperties: false });

/** A build of so many states that insert one row each, under a lease of its own. */
export function synthetic(index: number, steps: number): Build<{ steps: number }> {
  const digest = `sha256:${"0".repeat(64)}`;
  const writes = times(
    steps,
    (step): StateDeclaration<{ steps: number }> => ({
      kind: "write",
      state: `S${step + 2}`,
      name: `W${step}`,
      summary: "Inserts a row.",
      compensation: "COMP",
      action: async ({ target, root }) => {
        await target.query("INSERT INTO own_effect VALUES ($1, $2)", [root, step]);
        return {};
      },
      verify: async () => ({}),
      undo: async () => ({}),
    }),
  );
  return {
    name: `bench-${steps}-${index}`,
    summary: "For measuring.",
    carrier: "C1",
    target: "DOT_C1_VOCAB_BUILD",
    leaseName: `bench-${index}`,
    actionSet: [],
    needs: () => [],
    input: Input,
    examine: () => undefined,
    digests: () => ({ manifest_digest: digest, schema_digest: digest, count: steps }),
    states: [
      { kind: "check", state: "S0", name: "PREFLIGHT", summary: "", compensation: "ABORT", check: async () => ({}) },
      { kind: "reserve", state: "S1", name: "RESERVE", summary: "", compensation: "ABORT_NO_LEASE" },
      ...writes,
      { kind: "finalize", state: `S${steps + 2}`, name: "FINALIZE", summary: "", compensation: "COMP_FINALIZE" },
    ],
    fingerprint: async () => digest,
    standing: async () => digest,
    baseline: async () => undefined,
    delta: async () => ({}),
    explain: () => undefined,
  };
}
