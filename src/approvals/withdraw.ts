import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { ApprovalProblem } from "./errors.ts";
import { wholeRequest } from "./read.ts";
import type { ApprovalRequest } from "./schemas.ts";
import { canBecome, requestStatus } from "./states.ts";
import { lockRequest, setRequestStatus } from "./store.ts";

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
