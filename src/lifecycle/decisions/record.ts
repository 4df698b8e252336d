import { randomUUID } from "node:crypto";
import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { pageOf, pageRequest } from "../../kernel/paging.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import type { PageOf } from "../../kernel/schemas.ts";
import { defaultDatabase } from "../schemas.ts";
import type { DecisionQuery, ReviewDecision, ReviewDecisionInput } from "./schemas.ts";
import { type DecisionRow, findDecision, insertDecision, selectDecisions } from "./store.ts";

/**
 * Records what the council has decided of units. The target gets it afterwards, by its own recorder (LIFE-6).
 * @param databases the names of the configured target databases
 * @throws ServiceProblem INVALID_REQUEST for a database that is not configured
 */
export async function recordReviewDecision(
  tx: Tx,
  caller: Caller,
  input: ReviewDecisionInput,
  databases: readonly string[],
): Promise<ReviewDecision> {
  const { database = defaultDatabase, document_digest = null, ...content } = input;
  requireDatabase(database, databases);
  const decision_id = randomUUID();
  await insertDecision(tx, { ...content, database, document_digest, decision_id, decided_by: caller.principal });
  await appendEvent(tx, caller, {
    action: "review_decision.recorded",
    resourceType: "review_decision",
    resourceId: decision_id,
    after: { database, ...content },
    ...(document_digest !== null && { digests: { document_digest } }),
  });
  return readReviewDecision(tx, decision_id);
}

/**
 * @param pointer where the name stands
 * @throws ServiceProblem INVALID_REQUEST for a database that is not configured
 */
export function requireDatabase(database: string, databases: readonly string[], pointer = "/database"): void {
  if (databases.includes(database)) return;
  throw new ServiceProblem("INVALID_REQUEST", `There is no target database ${database}.`, {
    errors: [{ pointer, detail: `must be one of TARGETS: ${databases.join(", ") || "none is configured"}` }],
  });
}

/** @throws ServiceProblem NOT_FOUND */
export async function readReviewDecision(tx: Tx, id: string): Promise<ReviewDecision> {
  const row = await findDecision(tx, id);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `There is no review decision ${id}.`);
  return presentDecision(row);
}

/** Review decisions, newest first. */
export async function listReviewDecisions(tx: Tx, query: DecisionQuery): Promise<PageOf<ReviewDecision>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectDecisions(tx, query, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.decision_id], presentDecision);
}

function presentDecision(row: DecisionRow): ReviewDecision {
  const { decision_id, database, decision_kind, decision, subjects, reason, document_digest, decided_by } = row;
  return {
    decision_id,
    database,
    decision_kind,
    decision,
    subjects,
    reason,
    document_digest,
    decided_by,
    decided_at: row.decided_at.toISOString(),
    carried_at: row.carried_at?.toISOString() ?? null,
  };
}
