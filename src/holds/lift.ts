import { type Tx, violatedConstraint } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { HoldProblem } from "./errors.ts";
import { presentHold } from "./read.ts";
import type { Hold, LiftInput } from "./schemas.ts";
import { lockHold, setLifted } from "./store.ts";

/**
 * Lifts a hold; others that stand beside it go on standing. Lifting again answers the first lift.
 * @throws ServiceProblem NOT_FOUND; HoldProblem HOLD_AWAITS_RECOVERY while a restore is not recovered from
 */
export async function liftHold(tx: Tx, caller: Caller, id: string, input: LiftInput): Promise<Hold> {
  const hold = await lockHold(tx, id);
  if (hold === undefined) throw new ServiceProblem("NOT_FOUND", `There is no hold ${id}.`);
  if (hold.lifted_at !== null) return presentHold(hold);
  const lifted = await setLifted(tx, id, caller.principal, input.reason ?? null).catch((error: unknown) => {
    throw awaitsRecovery(id, error);
  });
  await appendEvent(tx, caller, {
    action: "hold.lifted",
    resourceType: "hold",
    resourceId: id,
    before: { status: "standing", environment: hold.environment, reason: hold.reason, placed_by: hold.placed_by },
    after: { status: "lifted", ...(input.reason === undefined ? {} : { lifted_reason: input.reason }) },
  });
  return presentHold(lifted);
}

function awaitsRecovery(id: string, error: unknown): unknown {
  if (violatedConstraint(error) !== "hold_awaits_recovery") return error;
  return new HoldProblem(
    "HOLD_AWAITS_RECOVERY",
    `${id} was placed because this database was restored: what it takes for unused may have been used since.`,
    { cause: error },
  );
}
