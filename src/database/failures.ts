import pg from "pg";
import { ServiceProblem } from "../kernel/problems.ts";

/** SQLSTATEs after which the same transaction may simply be run again. */
const retryable = new Set(["40001", "40P01"]);

/**
 * A prepared statement is missing, or another stands in its place: a pooler has given the connection to somebody else. By SQLSTATE the
 * place in PostgreSQL that finds it; a function that raises the same is another matter.
 */
const unprepared: Readonly<Record<string, string>> = {
  "26000": "FetchPreparedStatement",
  "42P05": "StorePreparedStatement",
};

/** Errors of node's sockets and of pg itself that mean the connection is gone; pg gives the latter no code. */
const lostConnection =
  /Connection terminated|Client has encountered a connection error|server closed the connection|not queryable|ECONNRESET|EPIPE|ETIMEDOUT|ECONNREFUSED|Query read timeout/;

export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Whether a statement was not on this connection as it had been prepared there. Nothing was done, and it may be done anew. */
export function isUnprepared(error: unknown): boolean {
  const routine = unprepared[sqlState(error) ?? ""];
  return routine !== undefined && saidBy(error, routine, /prepared statement/);
}

/** Whether what a prepared statement answers has another shape since a migration. A fresh connection prepares it anew. */
export function isOutdatedPlan(error: unknown): boolean {
  return (
    sqlState(error) === "0A000" && saidBy(error, "RevalidateCachedQuery", /cached plan must not change result type/)
  );
}

/**
 * Whether the server is a standby still: it takes no writes, and the address that leads to it is about to move. Our own BEGIN is refused
 * there by the check of its read-write mode; a write in a transaction that we have made read-only is another matter.
 */
export function isInRecovery(error: unknown): boolean {
  const state = sqlState(error);
  if (state === "25006") return saidBy(error, "PreventCommandDuringRecovery", /during recovery/);
  return state === "0A000" && saidBy(error, "call_bool_check_hook", /during recovery/);
}

/** By the place in PostgreSQL that has said it, which is in no language; by its English text where a pooler has left the place out. */
function saidBy(error: unknown, routine: string, text: RegExp): boolean {
  if (!(error instanceof pg.DatabaseError)) return false;
  return error.routine === undefined ? text.test(error.message) : error.routine === routine;
}

/** The constraint that a 23xxx error names, if any. */
export function violatedConstraint(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.constraint : undefined;
}

export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return sqlState(error) === "23505" && violatedConstraint(error) === constraint;
}

/** Whether the error came from the database or its connection, and not from our own code. */
export function isDatabaseFailure(error: unknown): error is Error {
  if (error instanceof pg.DatabaseError) return true;
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return lostConnection.test(`${code} ${error.message}`);
}

/**
 * What a failure before COMMIT means. The transaction is certainly not committed: either it may be run again at once,
 * or the caller is told so.
 */
export function classifyFailure(error: Error): "retry" | Error {
  const state = sqlState(error);
  if (state === undefined) return unreachable(error);
  if (retryable.has(state) || isUnprepared(error) || isOutdatedPlan(error)) return "retry";
  if (state === "55P03" || state === "57014" || state === "53300") {
    return new ServiceProblem("OVERLOADED", "The database was too busy to finish in time. Nothing was changed.", {
      retryAfterSeconds: 1,
      cause: error,
    });
  }
  if (isInRecovery(error) || /^(08|57P|53|58|25P03)/.test(state)) return unreachable(error);
  return error;
}

function unreachable(error: Error): ServiceProblem {
  return new ServiceProblem("DATABASE_UNAVAILABLE", "The database connection was lost. Nothing was changed.", {
    retryAfterSeconds: 1,
    members: { outcome: "unchanged" },
    cause: error,
  });
}

/**
 * Only what PostgreSQL decides before it writes the commit record is a definite failure at COMMIT: constraint
 * violations, serialization failures, errors raised by deferred triggers. All else may have been committed: an I/O
 * error on the log, for one, drops the client while the row survives.
 */
export function classifyCommitFailure(error: unknown): "definite" | "unknown" {
  const state = sqlState(error);
  if (state === undefined) return "unknown";
  return /^(23|25|40001|40P01|P0001|42|22)/.test(state) ? "definite" : "unknown";
}

/** Whether PostgreSQL itself has said no, with a SQLSTATE. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof pg.DatabaseError;
}

/** Whether the whole transaction may go well when it is run again: the connection is gone, or the database was too busy. */
export function mayPass(error: unknown): boolean {
  return isDatabaseFailure(error) && classifyFailure(error) !== error;
}
