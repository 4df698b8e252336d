import type { PrincipalRow } from "../principals/index.ts";
import type { RequestRow, VoteRow } from "./store.ts";

/** Why a person may not vote on this request whatever their role, or undefined (APR-3). */
export function exclusion(
  request: Pick<RequestRow, "requested_by" | "content">,
  principal: string,
): string | undefined {
  if (principal === request.requested_by) return "made the request";
  if (principal === executorOf(request)) return "is the executor of the grant";
  return undefined;
}

/** Who may still decide, and why each other eligible person may not (OPEN-8). */
export function deciders(
  request: RequestRow,
  undecided: boolean,
  votes: readonly VoteRow[],
  people: readonly PrincipalRow[],
): { may_vote: string[]; may_not: { principal: string; why: string }[] } {
  const voted = new Map(votes.map((vote) => [vote.voter, vote.decision]));
  const reasons = people.map(({ principal }) => {
    const decision = voted.get(principal);
    const why = decision !== undefined ? `has voted: ${decision}` : exclusion(request, principal);
    return { principal, why: why ?? (undecided ? undefined : "the request is no longer open") };
  });
  return {
    may_vote: reasons.filter((person) => person.why === undefined).map((person) => person.principal),
    may_not: reasons.flatMap(({ principal, why }) => (why === undefined ? [] : [{ principal, why }])),
  };
}

function executorOf(request: Pick<RequestRow, "content">): unknown {
  const content = JSON.parse(request.content) as { proposed_action?: { executor?: unknown } };
  return content.proposed_action?.executor;
}
