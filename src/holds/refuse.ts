import type { Tx } from "../database/index.ts";
import { HoldProblem } from "./errors.ts";
import { type HoldRow, standingHold } from "./store.ts";

/**
 * Refuses while a hold stands against the environment, after the gate was passed (GRANT-9).
 * @throws HoldProblem REGISTRATION_HOLD, naming who placed it and why
 */
export async function refuseWhileHeld(tx: Tx, environment: string): Promise<void> {
  const hold = await standingHold(tx, environment);
  if (hold !== undefined) throw held(hold);
}

/** The refusal of the database's own look: the hold came between ours and the use. */
export function placedMeanwhile(cause: unknown): Error {
  return new HoldProblem("REGISTRATION_HOLD", "A hold was placed at this very moment; see GET /v1/holds.", { cause });
}

function held(hold: HoldRow): Error {
  const where = hold.environment === null ? "everything" : hold.environment;
  return new HoldProblem(
    "REGISTRATION_HOLD",
    `${hold.placed_by} stopped ${where} at ${hold.placed_at.toISOString()}: ${hold.reason}`,
    { members: { hold: { id: hold.id, environment: hold.environment, placed_by: hold.placed_by } } },
  );
}
