import { isDatabaseError, mayPass, sqlState, type Tx } from "../../database/index.ts";
import { canonicalJson } from "../../kernel/json.ts";
import { type Evidence, type Expectation, splitStatements, type StopCondition } from "../../plan-file/index.ts";
import { PlanProblem } from "../errors.ts";
import { shownMessage } from "./statements.ts";
import { askRows, forbidWrites, idleSessions } from "./store.ts";

/** What a piece of evidence was found to be. */
export interface Found {
  readonly name: string;
  readonly value: unknown;
  readonly before?: unknown;
  readonly expected: Expectation;
  readonly holds: boolean;
}

/** Carries an answer out of a savepoint that is rolled back. */
class Answered extends Error {
  readonly rows: Record<string, unknown>[];
  constructor(rows: Record<string, unknown>[]) {
    super("answered");
    this.rows = rows;
  }
}

/** A function that a question calls could write: it is asked read-only, and what that has set goes with the savepoint. */
async function askReadOnly(target: Tx, question: string): Promise<Record<string, unknown>[]> {
  try {
    return await target.savepoint(async () => {
      await forbidWrites(target);
      throw new Answered(await askRows(target, question));
    });
  } catch (error) {
    if (error instanceof Answered) return error.rows;
    throw error;
  }
}

/** The one value of one SELECT. @throws PlanProblem EVIDENCE_FAILED where it answers anything else */
async function ask(target: Tx, name: string, sql: string): Promise<unknown> {
  const [question = sql] = await splitStatements(sql);
  const rows = await askReadOnly(target, question).catch((error: unknown) => {
    if (mayPass(error) || !isDatabaseError(error)) throw error;
    throw new PlanProblem(
      "EVIDENCE_FAILED",
      `“${name}” cannot be asked: ${sqlState(error) === "25006" ? "it writes" : sqlState(error)}${shownMessage(error)}.`,
      {
        cause: error,
      },
    );
  });
  const values = rows.length === 1 ? Object.values(rows[0] ?? {}) : [];
  if (values.length !== 1) {
    throw new PlanProblem(
      "EVIDENCE_FAILED",
      `“${name}” answers ${rows.length === 0 ? "no row" : "more than one value"}.`,
    );
  }
  return values[0];
}

/** Values that the evidence is compared with later: those of it that speak of a change. */
export async function readBefore(target: Tx, evidence: readonly Evidence[]): Promise<Map<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const { name, sql, expect } of evidence) {
    if (!("equals" in expect)) values.set(name, await ask(target, name, sql));
  }
  return values;
}

/** Asks every piece of evidence, also after one that does not hold: whoever reads it wants to see all of it. */
export async function findEvidence(
  target: Tx,
  evidence: readonly Evidence[],
  before: ReadonlyMap<string, unknown>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const { name, sql, expect } of evidence) {
    const value = await ask(target, name, sql);
    const was = before.get(name);
    found.push({
      name,
      value,
      ...(before.has(name) && { before: was }),
      expected: expect,
      holds: holds(expect, value, was),
    });
  }
  return found;
}

function holds(expect: Expectation, value: unknown, before: unknown): boolean {
  if ("equals" in expect) return canonicalJson(value) === canonicalJson(expect.equals);
  if ("plus" in expect)
    return typeof value === "number" && typeof before === "number" && value === before + expect.plus;
  return before !== undefined && canonicalJson(value) === canonicalJson(before);
}

/** @throws PlanProblem EVIDENCE_FAILED naming what does not hold */
export function requireEvidence(found: readonly Found[], of: string): void {
  const failed = found.filter((one) => !one.holds);
  if (failed.length === 0) return;
  const said = failed.map(({ name, value, before, expected }) => {
    const was = before === undefined ? "" : `, ${JSON.stringify(before)} before`;
    return `“${name}” is ${JSON.stringify(value)}${was}, and should be ${JSON.stringify(expected)}`;
  });
  throw new PlanProblem("EVIDENCE_FAILED", `${of}: ${said.join("; ")}.`);
}

/** Evidence that says what something is, and not how it has changed: it must hold later as well (PLAN-6). */
export function lasting(evidence: readonly Evidence[]): Evidence[] {
  return evidence.filter(({ expect }) => "equals" in expect);
}

/** @throws PlanProblem STOP_CONDITION naming the first that holds */
export async function checkStops(target: Tx, stops: readonly StopCondition[], at: "before" | "after"): Promise<void> {
  for (const { name, sql, at: when = at } of stops) {
    if (when !== at) continue;
    const value = await ask(target, name, sql);
    if (value === false) continue;
    throw new PlanProblem(
      "STOP_CONDITION",
      value === true
        ? `“${name}” holds ${at} the step.`
        : `“${name}” answers ${JSON.stringify(value)}, and neither true nor false.`,
    );
  }
}

/** @throws PlanProblem STOP_CONDITION while somebody sits in an open transaction on the target (PLAN-4) */
export async function refuseIdleSessions(target: Tx): Promise<{ idle: number; unseen: number }> {
  const sessions = await idleSessions(target);
  if (sessions.idle === 0) return sessions;
  throw new PlanProblem("STOP_CONDITION", `${sessions.idle} sessions on the target are idle in a transaction.`);
}
