import { digestOf } from "../kernel/json.ts";
import { PlanFileProblem } from "./errors.ts";
import { examineRules } from "./lint.ts";
import type { Plan } from "./schemas.ts";
import { examineShape, isPlan } from "./shape.ts";
import { type Finding, type PlanFault, YamlSource } from "./yaml-source.ts";

export interface ParsedPlan {
  readonly plan: Plan;
  /** Over the plan's canonical form (RFC 8785): what gets approved, whatever its comments and its order of keys. */
  readonly digest: string;
  /** By the step's number. */
  readonly stepDigests: ReadonlyMap<number, string>;
}

/** A plan, or the faults of a file. */
export interface PlanLint extends Partial<ParsedPlan> {
  readonly faults: PlanFault[];
}

/** More than this help nobody. */
const maxFaults = 100;
/** So many are looked up in the file, to be put in its order. */
const maxLocated = 1_000;

/**
 * Reads a plan file (PLAN-1).
 * @param source YAML of up to 1 MiB
 * @throws PlanFileProblem PLAN_INVALID with every fault (100 at most) and its place: `errors` as any problem has them,
 *   the member `faults` with lines and columns as numbers
 */
export async function parsePlan(source: string): Promise<ParsedPlan> {
  const { plan, digest, stepDigests, faults } = await lintPlan(source);
  if (plan === undefined || digest === undefined || stepDigests === undefined) throw planInvalid(faults);
  return { plan, digest, stepDigests };
}

/**
 * Says what is wrong in a plan file, or gives its plan and digest.
 * @param source YAML of up to 1 MiB
 */
export async function lintPlan(source: string): Promise<PlanLint> {
  const yaml = new YamlSource(source);
  if (yaml.faults.length > 0) return { faults: inOrder(yaml.faults) };
  const { value } = yaml;
  const findings: Finding[] = examineShape(value);
  if (!isPlan(value)) return { faults: inOrder(findings.slice(0, maxLocated).map((finding) => yaml.locate(finding))) };
  findings.push(...(await examineRules(value)));
  if (findings.length > 0)
    return { faults: inOrder(findings.slice(0, maxLocated).map((finding) => yaml.locate(finding))) };
  const stepDigests = new Map(value.steps.map((step) => [step.step, digestOf(step)]));
  return { plan: value, digest: digestOf(value), stepDigests, faults: [] };
}

function inOrder(faults: readonly PlanFault[]): PlanFault[] {
  const sorted = faults.toSorted((one, other) => one.line - other.line || one.column - other.column);
  return sorted.slice(0, maxFaults);
}

function planInvalid(faults: readonly PlanFault[]): Error {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const errors = faults.map(({ pointer, line, column, detail }) => ({
    pointer,
    detail: `line ${line}, column ${column}: ${detail}`,
  }));
  const detail = `The plan file is not valid: ${errors[0]?.detail ?? ""}${more}`;
  return new PlanFileProblem("PLAN_INVALID", first === undefined ? "The plan file is not valid." : detail, {
    errors,
    members: { faults },
  });
}
