import type { Plan } from "../../plan-file/index.ts";
import type { Tx } from "../../database/index.ts";
import { PlanProblem } from "../errors.ts";
import { statusAfter, type Act, type StepStatus } from "../states.ts";
import { type LedgerRow, selectLines } from "./store.ts";

/** Where one step stands, and the line that says so. */
export interface Standing {
  readonly status: StepStatus;
  readonly line: LedgerRow | undefined;
}

/** Where each step of a plan stands, by its number; one that is not named is open. */
export type Standings = ReadonlyMap<number, Standing>;

/** Reads it out of the ledger, whatever revision an act was under. */
export async function readStandings(tx: Tx, planId: string): Promise<Standings> {
  return standingsOf(await selectLines(tx, planId));
}

export function standingsOf(lines: readonly LedgerRow[]): Standings {
  const standings = new Map<number, Standing>();
  for (const line of lines) {
    const status = statusAfter(line.outcome);
    if (status !== undefined) standings.set(line.step, { status, line });
  }
  return standings;
}

const stands = (status: StepStatus | undefined): boolean => status === "committed" || status === "retired";

/** The steps whose evidence must still hold: all that are committed. */
export function committedSteps(standings: Standings): number[] {
  return [...standings]
    .filter(([, { status }]) => status === "committed")
    .map(([step]) => step)
    .sort((a, b) => a - b);
}

/**
 * Whether the act is next for the step: what it stands on is committed, nothing has stopped the plan, and it was not done
 * already (PLAN-6, PLAN-7).
 * @throws PlanProblem STEP_ALREADY_COMMITTED, STEP_RETIRED, STEP_OUT_OF_ORDER, STEP_NOT_COMMITTED, STEP_STILL_NEEDED, STEP_CHANGED
 */
export function requireNext(
  plan: Plan,
  stepDigests: ReadonlyMap<number, string>,
  standings: Standings,
  number: number,
  act: Act,
): void {
  const own = standings.get(number);
  const changed = [...standings].find(
    ([step, { status, line }]) => status !== "rolled_back" && stepDigests.get(step) !== line?.step_digest,
  );
  if (changed !== undefined) {
    throw new PlanProblem(
      "STEP_CHANGED",
      `Step ${changed[0]} is ${changed[1].status} under revision ${changed[1].line?.revision}, with other content than here.`,
    );
  }
  if (act === "commit") requireCommittable(plan, standings, number, own);
  else requireRevertible(plan, standings, number, own);
}

function requireCommittable(plan: Plan, standings: Standings, number: number, own: Standing | undefined): void {
  if (own?.status === "committed") throw new PlanProblem("STEP_ALREADY_COMMITTED", `Step ${number} is committed.`);
  if (own?.status === "retired") throw new PlanProblem("STEP_RETIRED", `Step ${number} was retired.`);
  const contradicted = [...standings].find(([, { status }]) => status === "contradicted");
  if (contradicted !== undefined) {
    throw new PlanProblem(
      "STEP_OUT_OF_ORDER",
      `Step ${contradicted[0]} is contradicted by what was found after its commit; the plan stops there.`,
    );
  }
  const missing = (plan.steps.find((one) => one.step === number)?.after ?? []).filter(
    (step) => !stands(standings.get(step)?.status),
  );
  if (missing.length > 0) {
    throw new PlanProblem("STEP_OUT_OF_ORDER", `Step ${number} comes after ${missing.join(", ")}, not committed yet.`, {
      members: { missing },
    });
  }
}

function requireRevertible(plan: Plan, standings: Standings, number: number, own: Standing | undefined): void {
  if (own?.status === "retired") throw new PlanProblem("STEP_RETIRED", `Step ${number} was retired already.`);
  if (own?.status !== "committed" && own?.status !== "contradicted") {
    throw new PlanProblem("STEP_NOT_COMMITTED", `Step ${number} is ${own?.status ?? "open"}.`);
  }
  const later = plan.steps.filter(
    (one) =>
      one.kind === "sql" &&
      (one.after ?? []).includes(number) &&
      ["committed", "retired", "contradicted"].includes(standings.get(one.step)?.status ?? "open"),
  );
  if (later.length > 0) {
    throw new PlanProblem(
      "STEP_STILL_NEEDED",
      `Step ${number} is what ${later.map((one) => one.step).join(", ")} stand on.`,
    );
  }
}
