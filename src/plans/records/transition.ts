import { type Tx, violatedConstraint } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import { placedMeanwhile } from "../../holds/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { PlanProblem } from "../errors.ts";
import { approvalTransitions } from "../states.ts";
import { type ApprovalChange, type ApprovalRow, setApprovalStatus } from "./store.ts";

/**
 * The one path by which a record changes its status: compare-and-set from the status that it was locked in, with the audit
 * event in the same transaction (PLAN-2, AUDIT-1).
 * @param locked the record, as read under its row lock in this transaction
 */
export async function transition(
  tx: Tx,
  caller: Caller,
  locked: ApprovalRow,
  change: ApprovalChange,
  also: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (!approvalTransitions[locked.status].some(({ to }) => to === change.to)) {
    throw new Error(`record ${locked.approval_code}: ${locked.status} does not become ${change.to}`);
  }
  const won = await setApprovalStatus(tx, locked.approval_code, locked.status, {
    by: caller.principal,
    ...change,
  }).catch((error: unknown) => {
    throw overtaken(locked, error);
  });
  if (!won) throw new Error(`record ${locked.approval_code} changed under its lock`);
  await appendEvent(tx, caller, {
    action: `proposal_approval.${change.to}`,
    resourceType: "proposal_approval",
    resourceId: locked.approval_code,
    before: { status: locked.status },
    after: { status: change.to, ...(change.reason === undefined ? {} : { reason: change.reason }), ...also },
    digests: { plan_digest: locked.plan_digest },
  });
}

/** The triggers look once more: a record may expire, a hold come or a council record go between our look and the update. */
function overtaken({ approval_code }: ApprovalRow, error: unknown): unknown {
  switch (violatedConstraint(error)) {
    case "approval_in_time":
      return new PlanProblem("RECORD_EXPIRED", `${approval_code} has just expired.`, { cause: error });
    case "approval_needs_council":
      return new PlanProblem("STEP_NEEDS_RECORD", `A council record of the step has just been revoked.`, {
        cause: error,
      });
    case "approval_key":
      return new PlanProblem("RECORD_REVOKED", `The key that ${approval_code} was signed with has just been revoked.`, {
        cause: error,
      });
    case "approval_separation":
      return new PlanProblem("RECORD_MISMATCH", `${approval_code} is not for this executor.`, { cause: error });
    case "registration_hold":
      return placedMeanwhile(error);
    default:
      return error;
  }
}
