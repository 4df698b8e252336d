import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import { refuseWhileHeld } from "../holds/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { asked, refusal } from "./bindings.ts";
import { judgeNamed } from "./predicate.ts";
import type { BindingsInput } from "./schemas.ts";
import { findGrant, type GrantRow, lockGrantForUse, setRunOutcome } from "./store.ts";

/**
 * Whether a run may start under the grant: the predicate of verify and consume, or the grant was consumed by the same
 * executor with the same root, whose receipt the run adopts (LEASE-4). Passes the gate of holds (GRANT-9).
 * @throws GrantProblem with the code of GRANT-2; HoldProblem REGISTRATION_HOLD; ServiceProblem NOT_FOUND
 */
export async function grantForRun(
  tx: Tx,
  caller: Caller,
  authCode: string,
  bindings: BindingsInput,
  root: string,
): Promise<GrantRow> {
  const grant = await lockGrantForUse(tx, authCode);
  if (grant === undefined) throw new ServiceProblem("NOT_FOUND", `There is no grant ${authCode}.`);
  const wanted = asked(bindings);
  const judgement = judgeNamed(wanted, grant, grant.now, caller.principal);
  const adopted = grant.consumed_by === caller.principal && grant.idempotency_root === root;
  if (!judgement.valid && !(judgement.code === "REJECT_AUTH_ALREADY_CONSUMED" && adopted)) {
    throw refusal(wanted, judgement, "/bindings");
  }
  if (grant.on_hold === true) await refuseWhileHeld(tx, grant.scope.environment);
  return grant;
}

/** What became of a run, as its grant's evidence keeps it (RUN-4, S7). */
export interface RunOutcome {
  readonly idempotency_root: string;
  readonly status: "succeeded" | "stopped";
  readonly stop_state: string | null;
  readonly last_ok_state: string | null;
  readonly [further: string]: unknown;
}

/** Writes the outcome of the run to the evidence of its consumed grant, whose status stays (RUN-4). */
export async function recordRunOutcome(tx: Tx, caller: Caller, authCode: string, outcome: RunOutcome): Promise<void> {
  await setRunOutcome(tx, authCode, outcome);
  await appendEvent(tx, caller, {
    action: "grant.run_recorded",
    resourceType: "grant",
    resourceId: authCode,
    after: outcome,
  });
}

/** A grant as a handler or a run looks at it, without a lock. */
export function peekGrant(tx: Tx, authCode: string): Promise<GrantRow | undefined> {
  return findGrant(tx, authCode);
}
