import type { Problem } from "../../../kernel/problem.ts";
import { type RunCode, RunProblem } from "../../errors.ts";
import type { RollbackStep } from "./schemas.ts";

export const ownCollection = "c1.operation_vocabulary";
const acts: readonly string[] = ["retire", "supersede", "restore"];

/** What is known of a value when a step is judged; undefined where it is not in the collection. */
export type Standing = (code: string, version: string) => "active" | "retired" | "superseded" | undefined;

type Rule = (step: RollbackStep, standing: Standing | undefined) => { code: RunCode; detail: string } | undefined;

/** The admission rules of a rollback step in their order; the first that answers refuses it (RUN-6). */
const rules: readonly Rule[] = [
  (step) =>
    acts.includes(step.act) ? undefined : { code: "RBP-2", detail: `${step.act} is none of ${acts.join(", ")}` },
  (step) =>
    step.protocol_version === undefined
      ? { code: "RBP-1", detail: `${step.operation_code} is named without a version` }
      : undefined,
  (step) =>
    step.collection === undefined || step.collection === ownCollection
      ? undefined
      : { code: "RBP-10", detail: `${step.collection} is not ${ownCollection}` },
  (step) => (step.rollback_ref === undefined ? { code: "RBP-9", detail: "there is no rollback_ref" } : undefined),
  (step) =>
    step.act === "supersede" && step.successor?.protocol_version === undefined
      ? { code: "RBP-7", detail: "no successor is named by code and version" }
      : undefined,
  (step) =>
    step.act !== "supersede" && step.successor !== undefined
      ? { code: "RBP-7", detail: `a ${step.act} has no successor` }
      : undefined,
  (step) =>
    step.act === "supersede" &&
    step.successor?.operation_code === step.operation_code &&
    step.successor.protocol_version === step.protocol_version
      ? { code: "RBP-8", detail: "a value does not succeed itself" }
      : undefined,
  (step, standing) =>
    standing !== undefined && standing(step.operation_code, step.protocol_version ?? "") === undefined
      ? { code: "RBP-10", detail: `${step.operation_code}@${step.protocol_version} is not in the collection` }
      : undefined,
  (step, standing) => {
    if (standing === undefined || step.successor === undefined) return undefined;
    const { operation_code, protocol_version = "" } = step.successor;
    const found = standing(operation_code, protocol_version);
    if (found === undefined)
      return { code: "RBP-7", detail: `the successor ${operation_code}@${protocol_version} does not exist` };
    return found === "active"
      ? undefined
      : { code: "RBP-8", detail: `the successor ${operation_code}@${protocol_version} is ${found}` };
  },
];

/**
 * Judges the steps of a rollback, without or with what is known of the collection (RBP-1, 2, 7, 8, 9, 10).
 * @returns the first refusal, with the step it is about
 */
export function refusalOf(steps: readonly RollbackStep[], standing?: Standing): Problem | undefined {
  for (const [position, step] of steps.entries()) {
    for (const rule of rules) {
      const refused = rule(step, standing);
      if (refused === undefined) continue;
      return new RunProblem(refused.code, `Step ${position + 1}: ${refused.detail}.`, {
        members: { step: position },
        errors: [{ pointer: `/input/steps/${position}`, detail: refused.detail }],
      });
    }
  }
  return undefined;
}
