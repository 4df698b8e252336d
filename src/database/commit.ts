import type pg from "pg";
import { ServiceProblem } from "../kernel/problems.ts";
import { classifyCommitFailure } from "./failures.ts";

/** The commit may have happened, or not. */
export class CommitOutcomeUnknown extends Error {
  problem(): ServiceProblem {
    return new ServiceProblem(
      "DATABASE_UNAVAILABLE",
      "The database did not confirm the commit, so the outcome is unknown. Send the same request again to find out.",
      { retryAfterSeconds: 1, members: { outcome: "unknown" }, cause: this.cause },
    );
  }
}

/**
 * Commits, and takes nothing but a clean COMMIT for an answer: a warning during the commit (a synchronous-replication
 * wait that was cancelled resolves with no more than that), a lost connection or a server failure are all unknown.
 */
export async function commit(client: pg.PoolClient): Promise<void> {
  const warnings: unknown[] = [];
  const onNotice = (notice: { severity?: string | undefined }): void => {
    if (notice.severity !== "NOTICE" && notice.severity !== "INFO") warnings.push(notice);
  };
  client.on("notice", onNotice);
  let results: pg.QueryResult | pg.QueryResult[];
  try {
    // A statement timeout could cancel the wait for a synchronous standby, so it is lifted first (PLAN-4).
    results = await client.query("SET LOCAL statement_timeout = 0; COMMIT");
  } catch (error) {
    if (classifyCommitFailure(error) === "definite") throw error;
    throw new CommitOutcomeUnknown("commit failed", { cause: error });
  } finally {
    client.off("notice", onNotice);
  }
  if (warnings.length > 0) throw new CommitOutcomeUnknown("commit ended with a warning", { cause: warnings[0] });
  const last: pg.QueryResult | undefined = [results].flat().at(-1);
  if (last?.command !== "COMMIT") {
    throw new ServiceProblem("INTERNAL_ERROR", "The transaction could not be committed. Nothing was changed.");
  }
}

/** @returns whether the connection can be used again */
export async function rollBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}
