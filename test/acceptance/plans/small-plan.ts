import { stringify } from "yaml";
import type { Plan, SqlStep } from "../../../src/plan-file/index.ts";

/** What a step of a test says of itself; the rest is of no account to it. */
export type SmallStep = Partial<Omit<SqlStep, "kind">> & { readonly sql: string };

const attestation = { no_hardcode: "None.", no_island: "None." };

/** Evidence that always holds: the schema of a plan demands some. */
export const anyway = { name: "one is one", sql: "SELECT 1", expect: { equals: 1 } };

/** A step of kind `sql` that needs its M-1 record; whose rollback does nothing where nothing is said. */
export function sqlStep(number: number, step: SmallStep): SqlStep {
  return {
    step: number,
    name: `step ${number}`,
    kind: "sql",
    records: ["M-1"],
    allowed: {},
    evidence: [anyway],
    rollback: { mode: "revert", sql: "SELECT 1", evidence: [anyway] },
    handoff: "None.",
    attestation,
    ...step,
  };
}

let plans = 0;

/** A whole plan file over the schema `app`, under a name of its own unless it is given one. */
export function planText(steps: readonly Plan["steps"][number][], head: Partial<Omit<Plan, "steps">> = {}): string {
  const plan = {
    plan: `small-${(plans += 1)}`,
    revision: "1",
    title: "A small plan",
    target: "default",
    schemas: ["app"],
    ...head,
    steps,
  };
  return stringify(plan, { aliasDuplicateObjects: false, lineWidth: 0 });
}
