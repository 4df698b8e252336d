import type { PrincipalRow } from "../principals/index.ts";
import { deciders } from "./deciders.ts";
import { countVotes } from "./quorum.ts";
import type { ApprovalRequest, ApprovalRequestSummary } from "./schemas.ts";
import { requestStatus } from "./states.ts";
import type { RequestRow, VoteRow } from "./store.ts";

/** A request as a list shows it, its status as of now (OPEN-3). */
export function presentSummary(row: RequestRow, votes: readonly VoteRow[]): ApprovalRequestSummary {
  return {
    apr_code: row.apr_code,
    apr_digest: row.apr_digest,
    status: requestStatus(row, row.now),
    title: row.title,
    proposed_action_code: row.proposed_action_code,
    risk: row.risk,
    requested_by: row.requested_by,
    created_at: row.created_at.toISOString(),
    decide_by: row.decide_by.toISOString(),
    result: row.result,
    result_at: row.result_at?.toISOString() ?? null,
    auth_code: row.auth_code,
    quorum: countVotes(row, votes),
  };
}

/** A request whole (OPEN-8). */
export function presentRequest(
  row: RequestRow,
  votes: readonly VoteRow[],
  people: readonly PrincipalRow[],
): ApprovalRequest {
  const summary = presentSummary(row, votes);
  const undecided = summary.status === "open" || summary.status === "approved";
  return {
    ...summary,
    request: JSON.parse(row.content) as unknown,
    votes: votes.map(presentVote),
    deciders: deciders(row, undecided, votes, people),
  };
}

export function presentVote(row: VoteRow): ApprovalRequest["votes"][number] {
  return {
    voter: row.voter,
    decision: row.decision,
    council: row.council,
    reason: row.reason,
    apr_digest: row.apr_digest,
    voted_at: row.voted_at.toISOString(),
  };
}
