import type { Problem } from "../../../kernel/problem.ts";
import { type RunCode, RunProblem } from "../../errors.ts";

/** The problem behind the name of a constraint of the collection (`migrations/builds/c1-vocabulary.sql`). */
export function explain(constraint: string, message: string): Problem | undefined {
  const rule = /^rbp_(\d+)_/.exec(constraint)?.[1];
  const code = rule === undefined ? undefined : (`RBP-${rule}` as RunCode);
  if (code !== undefined && code in RunProblem.table) return new RunProblem(code, `The target refuses: ${message}.`);
  if (constraint.startsWith("value_")) return new RunProblem("STATE_FAILED", `The target refuses: ${message}.`);
  return undefined;
}
