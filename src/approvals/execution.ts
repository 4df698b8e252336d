import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { overtaken } from "./errors.ts";
import { countVotes, type Risk } from "./quorum.ts";
import type { ApprovalRequestInput } from "./schemas.ts";
import { requestStatus } from "./states.ts";
import { lockRequest, setResult, votesOn } from "./store.ts";

/** An approval request as its handler sees it: locked, with what the votes say at this moment. */
export interface RequestForExecution {
  readonly aprCode: string;
  readonly digest: string;
  readonly requestedBy: string;
  readonly actionCode: string;
  /** The effective risk: the greater of the request's and its type's (APR-5). */
  readonly risk: Risk;
  readonly content: ApprovalRequestInput;
  readonly quorumPassed: boolean;
  readonly voters: readonly string[];
}

/** Locks a request for its execution (APR-6). @throws ServiceProblem NOT_FOUND */
export async function lockForExecution(tx: Tx, aprCode: string): Promise<RequestForExecution> {
  const request = await lockRequest(tx, aprCode);
  if (request === undefined) throw new ServiceProblem("NOT_FOUND", `There is no approval request ${aprCode}.`);
  const votes = await votesOn(tx, [aprCode]);
  const status = requestStatus(request, request.now);
  return {
    aprCode,
    digest: request.apr_digest,
    requestedBy: request.requested_by,
    actionCode: request.proposed_action_code,
    risk: request.risk,
    content: JSON.parse(request.content) as ApprovalRequestInput,
    // A request that is withdrawn, rejected or past its decide-by has no quorum (MINT-1).
    quorumPassed: (status === "approved" || status === "executed") && countVotes(request, votes).passed,
    voters: votes.map((vote) => vote.voter),
  };
}

/**
 * Stores the protocol line with the request (APR-6); `authCode` names the grant that a first OK has made.
 * @throws ApprovalProblem APR_NOT_OPEN when its time ran out meanwhile
 */
export async function recordResult(
  tx: Tx,
  caller: Caller,
  request: RequestForExecution,
  outcome: { result: string; authCode?: string | undefined },
): Promise<void> {
  const stored = { result: outcome.result, by: caller.principal, authCode: outcome.authCode };
  await setResult(tx, request.aprCode, stored).catch((error: unknown) => {
    throw overtaken(request.aprCode, error);
  });
  await appendEvent(tx, caller, {
    action: "approval_request.executed",
    resourceType: "approval_request",
    resourceId: request.aprCode,
    after: { result: outcome.result, ...(outcome.authCode === undefined ? {} : { auth_code: outcome.authCode }) },
    digests: { apr_digest: request.digest },
  });
}
