import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { ApprovalProblem } from "./errors.ts";
import { wholeRequest } from "./read.ts";
import type { ApprovalRequest } from "./schemas.ts";
import { canBecome, requestStatus } from "./states.ts";
import { lockEveryPendingRequest, lockRequest, setRequestStatus } from "./store.ts";

/**
 * Takes the caller's own request back, before it is executed. Withdrawing again answers the withdrawn request.
 * @throws ServiceProblem NOT_FOUND, FORBIDDEN for another's request; ApprovalProblem APR_NOT_OPEN
 */
export async function withdrawRequest(tx: Tx, caller: Caller, aprCode: string): Promise<ApprovalRequest> {
  const request = await lockRequest(tx, aprCode);
  if (request === undefined) throw new ServiceProblem("NOT_FOUND", `There is no approval request ${aprCode}.`);
  if (request.requested_by !== caller.principal) {
    throw new ServiceProblem("FORBIDDEN", `Only ${request.requested_by}, who made the request, can withdraw it.`);
  }
  if (request.status === "withdrawn") return wholeRequest(tx, request);
  const status = requestStatus(request, request.now);
  if (!canBecome(status, "withdrawn")) throw new ApprovalProblem("APR_NOT_OPEN", `${aprCode} is ${status}.`);
  await setRequestStatus(tx, aprCode, "withdrawn");
  await appendEvent(tx, caller, {
    action: "approval_request.withdrawn",
    resourceType: "approval_request",
    resourceId: aprCode,
    before: { status },
    after: { status: "withdrawn" },
    digests: { apr_digest: request.apr_digest },
  });
  return wholeRequest(tx, { ...request, status: "withdrawn" });
}

/**
 * Withdraws every request that is undecided, or approved and not executed: after a restore nobody knows which of them was
 * executed in the time that was lost, and a second execution would make the grant a second time. They are asked again under
 * codes of their own.
 * @returns the codes
 */
export async function withdrawEveryRequest(tx: Tx, caller: Caller, reason: string): Promise<string[]> {
  const pending = await lockEveryPendingRequest(tx);
  for (const request of pending) {
    await setRequestStatus(tx, request.apr_code, "withdrawn");
    await appendEvent(tx, caller, {
      action: "approval_request.withdrawn",
      resourceType: "approval_request",
      resourceId: request.apr_code,
      before: { status: request.status },
      after: { status: "withdrawn", reason },
      digests: { apr_digest: request.apr_digest },
    });
  }
  return pending.map((request) => request.apr_code);
}
