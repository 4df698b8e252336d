import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { ApprovalProblem, overtaken } from "./errors.ts";
import { presentVote } from "./present.ts";
import { countVotes } from "./quorum.ts";
import { exclusion } from "./deciders.ts";
import type { VoteInput, VoteReceipt } from "./schemas.ts";
import { type RequestStatus, requestStatus } from "./states.ts";
import { insertVote, lockRequest, type RequestRow, setRequestStatus, votesOn } from "./store.ts";

/**
 * Casts the caller's one vote on the content that they saw (APR-3, APR-5). A quorum approves the request, one reject
 * ends it.
 * @throws ServiceProblem NOT_FOUND
 * @throws ApprovalProblem SELF_APPROVAL, VOTE_DIGEST_STALE, APR_NOT_OPEN, VOTE_CONFLICT
 */
export async function castVote(tx: Tx, caller: Caller, aprCode: string, input: VoteInput): Promise<VoteReceipt> {
  const request = await lockRequest(tx, aprCode);
  if (request === undefined) throw new ServiceProblem("NOT_FOUND", `There is no approval request ${aprCode}.`);
  checkVote(request, caller, input);
  const cast = await insertVote(tx, {
    aprCode,
    voter: caller.principal,
    decision: input.decision,
    digest: input.apr_digest,
    council: caller.roles.includes("council"),
    reason: input.reason,
  }).catch((error: unknown) => {
    throw overtaken(aprCode, error);
  });
  if (!cast) throw new ApprovalProblem("VOTE_CONFLICT", `${caller.principal} has voted on ${aprCode} already.`);

  const votes = await votesOn(tx, [aprCode]);
  const quorum = countVotes(request, votes);
  const status: RequestStatus = quorum.rejections > 0 ? "rejected" : quorum.passed ? "approved" : request.status;
  if (status !== request.status) {
    await setRequestStatus(tx, aprCode, status).catch((error: unknown) => {
      throw overtaken(aprCode, error);
    });
  }
  await appendEvent(tx, caller, {
    action: "approval_request.voted",
    resourceType: "approval_request",
    resourceId: aprCode,
    before: { status: request.status },
    after: { status, decision: input.decision, reason: input.reason, quorum },
    digests: { apr_digest: input.apr_digest },
  });
  const own = votes.find((vote) => vote.voter === caller.principal);
  if (own === undefined) throw new Error("a vote that was just cast is not there");
  return { apr_code: aprCode, status, vote: presentVote(own), quorum };
}

function checkVote(request: RequestRow, caller: Caller, input: VoteInput): void {
  const excluded = exclusion(request, caller.principal);
  if (excluded !== undefined) throw new ApprovalProblem("SELF_APPROVAL", `${caller.principal} ${excluded}.`);
  if (input.apr_digest !== request.apr_digest) {
    throw new ApprovalProblem(
      "VOTE_DIGEST_STALE",
      `The content of ${request.apr_code} has the digest ${request.apr_digest}.`,
      {
        errors: [{ pointer: "/apr_digest", detail: "must be the digest of the request as it is stored" }],
      },
    );
  }
  const status = requestStatus(request, request.now);
  if (status !== "open" && status !== "approved") {
    throw new ApprovalProblem("APR_NOT_OPEN", `${request.apr_code} is ${status}.`);
  }
}
