import { isDatabaseError, mayPass, sqlState, type Tx, violatedConstraint } from "../../database/index.ts";
import { type NegativeTest, splitStatements } from "../../plan-file/index.ts";
import { PlanProblem } from "../errors.ts";
import { checkConstraints, readSession, runStatement, writesSoFar } from "./store.ts";

/**
 * Runs a step's SQL, statement by statement; after each, the session must be what it was: the same transaction, the same
 * role, the same settings (PLAN-4).
 * @throws PlanProblem STEP_REFUSED, STATEMENT_TIMEOUT, LOCK_TIMEOUT, OUTSIDE_ALLOWED
 */
export async function runStatements(target: Tx, sql: string): Promise<number> {
  const statements = await splitStatements(sql);
  const session = await readSession(target);
  for (const [position, statement] of statements.entries()) {
    const what = `Statement ${position + 1} of ${statements.length}`;
    await refusing(what, () => runStatement(target, statement));
    await requireSession(target, session, what);
  }
  await refusing("A deferred constraint", () => checkConstraints(target));
  return statements.length;
}

/** @throws PlanProblem OUTSIDE_ALLOWED where the session is not what it was */
export async function requireSession(target: Tx, session: string, what: string): Promise<void> {
  if ((await readSession(target)) === session) return;
  throw new PlanProblem(
    "OUTSIDE_ALLOWED",
    `${what} has changed its session: its role, its settings, its transaction, or what it keeps (locks, cursors, temporary tables).`,
  );
}

/** Triggers that put each other off: no honest target has so many generations of them. */
const generations = 10;

/**
 * Has all that was put off until the commit happen now, also what that in turn puts off: a trigger that defers another one
 * writes something, and that is counted.
 * @throws PlanProblem OUTSIDE_ALLOWED, STEP_REFUSED
 */
export async function settle(target: Tx): Promise<void> {
  for (let generation = 0; generation < generations; generation += 1) {
    const before = await writesSoFar(target);
    await refusing("A deferred constraint", () => checkConstraints(target));
    if ((await writesSoFar(target)) === before) return;
  }
  throw new PlanProblem("OUTSIDE_ALLOWED", "Deferred triggers of the target put each other off without end.");
}

/** Names what a statement of the plan met. @throws PlanProblem STEP_REFUSED, STATEMENT_TIMEOUT, LOCK_TIMEOUT */
export async function refusing(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const state = sqlState(error);
    if (state === "57014")
      throw new PlanProblem("STATEMENT_TIMEOUT", `${what} took longer than the plan lets it.`, { cause: error });
    if (state === "55P03") {
      throw new PlanProblem("LOCK_TIMEOUT", `${what} did not get a lock in time.`, {
        retryAfterSeconds: 2,
        cause: error,
      });
    }
    if (mayPass(error) || !isDatabaseError(error)) throw error;
    const constraint = violatedConstraint(error);
    const by = constraint === undefined ? state : `${state}, ${constraint}`;
    throw new PlanProblem("STEP_REFUSED", `${what} was refused with ${by}${shownMessage(error)}.`, { cause: error });
  }
}

/** The message of an error about the plan's own SQL and names; others may have values of the target in them. */
export function shownMessage(error: unknown): string {
  return /^(?:42|0A)/.test(sqlState(error) ?? "") ? `: ${(error as Error).message}` : "";
}

/** Thrown to leave the savepoint of a negative test that was accepted. */
class Accepted extends Error {}

/**
 * Tries what the target must refuse, each in a savepoint that is rolled back, deferred constraints included (PLAN-8).
 * @throws PlanProblem NEGATIVE_TEST_FAILED
 */
export async function runNegativeTests(target: Tx, tests: readonly NegativeTest[]): Promise<string[]> {
  for (const test of tests) {
    const statements = await splitStatements(test.sql);
    const error = await target
      .savepoint(async () => {
        for (const statement of statements) await runStatement(target, statement);
        await checkConstraints(target);
        throw new Accepted();
      })
      .catch((thrown: unknown) => thrown);
    requireRefusal(test, error);
  }
  return tests.map(({ name }) => name);
}

function requireRefusal({ name, refused_with }: NegativeTest, error: unknown): void {
  if (error instanceof Accepted) throw new PlanProblem("NEGATIVE_TEST_FAILED", `“${name}” was accepted.`);
  const state = sqlState(error);
  if (state === undefined || (mayPass(error) && state !== refused_with.sqlstate)) throw error;
  const constraint = violatedConstraint(error);
  const same = state === refused_with.sqlstate && (refused_with.constraint ?? constraint) === constraint;
  if (same) return;
  const said = constraint === undefined ? state : `${state} (${constraint})`;
  const should =
    refused_with.constraint === undefined
      ? refused_with.sqlstate
      : `${refused_with.sqlstate} (${refused_with.constraint})`;
  throw new PlanProblem("NEGATIVE_TEST_FAILED", `“${name}” was refused with ${said}, and should be with ${should}.`);
}
