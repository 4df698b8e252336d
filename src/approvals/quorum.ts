/** The risk levels, from the least to the greatest (APR-5). */
export const risks = ["low", "medium", "high", "sovereign"] as const;
export type Risk = (typeof risks)[number];

export interface QuorumRule {
  /** Approvals needed in all. */
  readonly quorum: number;
  /** How many of them must come from council members. */
  readonly council_quorum: number;
}

const leastByRisk: Readonly<Record<Risk, QuorumRule>> = {
  low: { quorum: 1, council_quorum: 0 },
  medium: { quorum: 1, council_quorum: 0 },
  high: { quorum: 2, council_quorum: 0 },
  sovereign: { quorum: 3, council_quorum: 1 },
};

/** The least quorum that a risk allows (APR-5). */
export function leastQuorum(risk: Risk): QuorumRule {
  return leastByRisk[risk];
}

/** A request may raise the risk of its action type, never lower it (APR-5). */
export function effectiveRisk(ofType: Risk, ofRequest: Risk): Risk {
  return risks.indexOf(ofRequest) > risks.indexOf(ofType) ? ofRequest : ofType;
}

/** What a request needs: the greater of what its type demands and what its risk demands (APR-5). */
export function requiredQuorum(type: QuorumRule, risk: Risk): QuorumRule {
  const least = leastByRisk[risk];
  return {
    quorum: Math.max(type.quorum, least.quorum),
    council_quorum: Math.max(type.council_quorum, least.council_quorum),
  };
}

export interface Ballot {
  readonly decision: "approve" | "reject";
  readonly council: boolean;
}

export interface QuorumState {
  required: number;
  approvals: number;
  council_required: number;
  council_approvals: number;
  rejections: number;
  passed: boolean;
}

/** Counts the votes: passed when there are enough, enough of them from the council, and none against (APR-5). */
export function countVotes(rule: QuorumRule, ballots: readonly Ballot[]): QuorumState {
  const approvals = ballots.filter((ballot) => ballot.decision === "approve");
  const councilApprovals = approvals.filter((ballot) => ballot.council).length;
  const rejections = ballots.length - approvals.length;
  return {
    required: rule.quorum,
    approvals: approvals.length,
    council_required: rule.council_quorum,
    council_approvals: councilApprovals,
    rejections,
    passed: approvals.length >= rule.quorum && councilApprovals >= rule.council_quorum && rejections === 0,
  };
}

/** Whether so many eligible people, so many of them council members, can ever make the quorum (OPEN-6). */
export function canReach(rule: QuorumRule, people: { voters: number; council: number }): boolean {
  return people.voters >= rule.quorum && people.council >= rule.council_quorum;
}
