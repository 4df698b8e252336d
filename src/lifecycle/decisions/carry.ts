import { type Database, sqlState } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import { serviceCaller } from "../../kernel/caller.ts";
import { Problem } from "../../kernel/problem.ts";
import { databasesWaiting, type DecisionRow, insertDelivery, recordInTarget, selectUndelivered } from "./store.ts";

export interface Carrying {
  readonly control: Database;
  readonly open: (database: string) => Promise<Database>;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Carries whatever waits, each database for itself: one that cannot be reached keeps no other. */
export async function carryAll(carrying: Carrying): Promise<void> {
  const databases = await carrying.control.transact(databasesWaiting, { readOnly: true });
  await Promise.all(databases.map((database) => carryDecisions(carrying, database)));
}

/**
 * Carries every decision that this target does not have yet. Carrying twice is carrying once, so that a process may end
 * between the two databases; what cannot be carried stays where it is and is tried again.
 */
export async function carryDecisions(carrying: Carrying, database: string): Promise<void> {
  const rows = await carrying.control.transact((tx) => selectUndelivered(tx, database), { readOnly: true });
  for (const row of rows) {
    try {
      await carryOne(carrying, row);
    } catch (error) {
      const fields = { decision_id: row.decision_id, database, state: sqlState(error), err: error };
      carrying.log("a review decision could not be carried to its target", fields);
      // The others would wait for the same answer.
      if (error instanceof Problem && error.definition.kind === "unavailable") return;
    }
  }
}

async function carryOne({ control, open }: Carrying, row: DecisionRow): Promise<void> {
  const target = await open(row.database);
  await target.transact((tx) => recordInTarget(tx, row));
  await control.transact(async (tx) => {
    if (!(await insertDelivery(tx, row.decision_id))) return;
    await appendEvent(tx, serviceCaller("carrier"), {
      action: "review_decision.carried",
      resourceType: "review_decision",
      resourceId: row.decision_id,
      after: { database: row.database },
    });
  });
}
