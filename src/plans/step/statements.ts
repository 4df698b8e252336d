import { isDatabaseError, mayPass, sqlState, type Tx, violatedConstraint } from "../../database/index.ts";
import { type NegativeTest, splitStatements } from "../../plan-file/index.ts";
import { PlanProblem } from "../errors.ts";
import { checkConstraints, readSession, runStatement } from "./store.ts";

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
    if ((await readSession(target)) !== session) {
      throw new PlanProblem(
        "OUTSIDE_ALLOWED",
        `${what} has changed its session: its role, its settings or its transaction.`,
      );
    }
  }
  await refusing("A deferred constraint", () => checkConstraints(target));
  return statements.length;
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
    throw new PlanProblem("STEP_REFUSED", `${what} was refused: ${(error as Error).message} (${by}).`, {
      cause: error,
    });
  }
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
