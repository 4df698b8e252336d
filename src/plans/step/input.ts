import Type from "typebox";
import type { Allowed, Evidence, Plan, RowLimits, SqlStep, Step, StopCondition } from "../../plan-file/index.ts";
import type { Scope } from "../catalog/snapshot.ts";
import type { Act } from "../states.ts";
import type { Timeouts } from "./store.ts";

/** What a run of a step works with: the whole plan, as it was registered, so that it depends on nothing that may change. */
export interface StepInput {
  readonly plan: Plan;
  readonly plan_digest: string;
  readonly step: number;
  readonly step_digest: string;
  readonly act: Act;
  readonly rehearsal: boolean;
  /** What the target must look like before the act: as it was rehearsed. Null where nothing was. */
  readonly entry_fingerprint: string | null;
  /** The committed steps, whose evidence must still hold (PLAN-6). */
  readonly earlier: readonly number[];
}

/** The engine keeps the input as it was given; a domain makes it, never a client. */
export const StepInputSchema = Type.Unsafe<StepInput>({ type: "object" });

export function stepOf(input: StepInput): Step {
  const step = input.plan.steps.find((one) => one.step === input.step);
  if (step === undefined) throw new Error(`${input.plan.plan} has no step ${input.step}`);
  return step;
}

/** What an act does and may do, whichever act it is. */
export interface Doing {
  readonly sql: string | undefined;
  readonly allowed: Allowed;
  readonly rows: Readonly<Record<string, RowLimits>>;
  readonly forbidden: readonly string[];
  readonly stop: readonly StopCondition[];
  readonly evidence: readonly Evidence[];
}

export function doingOf(input: StepInput): Doing {
  const step = stepOf(input);
  if (step.kind === "record") throw new Error(`step ${step.step} of ${input.plan.plan} works outside the database`);
  const { stop = [], forbidden = [] } = step;
  if (step.kind === "check") return { sql: undefined, allowed: {}, rows: {}, forbidden, stop, evidence: step.evidence };
  if (input.act === "rollback") return rollbackOf(step);
  return {
    sql: step.sql,
    allowed: step.allowed,
    rows: step.allowed.rows ?? {},
    forbidden,
    stop,
    evidence: step.evidence,
  };
}

/** The rollback of a step may touch what the step may; its rows are the step's the other way round, if it does not say. */
export function rollbackOf(step: SqlStep): Doing {
  const { sql, evidence, rows = inverse(step.allowed.rows ?? {}) } = step.rollback;
  return { sql, allowed: step.allowed, rows, forbidden: step.forbidden ?? [], stop: [], evidence };
}

function inverse(rows: Readonly<Record<string, RowLimits>>): Record<string, RowLimits> {
  return Object.fromEntries(
    Object.entries(rows).map(([table, { insert = 0, update = 0, delete: removed = 0 }]) => [
      table,
      { insert: removed, update, delete: insert },
    ]),
  );
}

/** The tables that may change themselves: their rows may go with them. */
export function namedTables(patterns: readonly string[] = []): string[] {
  return patterns.flatMap((one) => /^table ([a-z_][a-z0-9_$]*\.[a-z_][a-z0-9_$]*)$/.exec(one)?.[1] ?? []);
}

/** The tables whose rows the step names: they are locked, backed up and digested. */
export function tablesOf(input: StepInput): string[] {
  const step = stepOf(input);
  if (step.kind === "record") return [];
  const named =
    step.kind === "check"
      ? []
      : [
          ...[step.allowed.rows ?? {}, step.rollback.rows ?? {}].flatMap(Object.keys),
          ...namedTables(step.allowed.objects),
        ];
  return [...new Set([...named, ...(step.backup ?? [])])].sort();
}

export function scopeOf(input: StepInput): Scope {
  return { schemas: input.plan.schemas, tables: tablesOf(input) };
}

/** The plan may tighten them and never widen them (PLAN-4). */
export function timeoutsOf({ timeouts = {} }: Plan): Timeouts {
  return {
    statementMs: Math.min(timeouts.statement_ms ?? 5_000, 5_000),
    lockMs: Math.min(timeouts.lock_ms ?? 3_000, 3_000),
    idleMs: Math.min(timeouts.idle_in_transaction_ms ?? 15_000, 15_000),
  };
}
