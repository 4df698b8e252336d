import { digestOf } from "../../kernel/json.ts";
import type { DecisionKind } from "./schemas.ts";
import type { Static } from "typebox";

/** A review decision as the control database and the target both have it. */
export interface DecisionContent {
  readonly decision_id: string;
  readonly decision_kind: string;
  readonly decision: string;
  readonly subjects: readonly string[];
  readonly reason: string | null;
  readonly document_digest: string | null;
  readonly decided_by: string;
  /** A number where a target says `infinity`. */
  readonly decided_at: Date | number;
}

/** What a decision is known by, here and in the target: a row that says anything else is another decision. */
export function decisionDigest(row: DecisionContent): string {
  const { decision_id, decision_kind, decision, subjects, reason, document_digest, decided_by } = row;
  return digestOf({
    decision_id,
    decision_kind,
    decision,
    subjects,
    reason,
    document_digest,
    decided_by,
    decided_at: typeof row.decided_at === "number" ? String(row.decided_at) : row.decided_at.toISOString(),
  });
}

/** Whether the address is named, or stands below a prefix that ends in `/*`. */
export function covers(subjects: readonly string[], address: string): boolean {
  return subjects.some(
    (subject) => subject === address || (subject.endsWith("/*") && address.startsWith(subject.slice(0, -1))),
  );
}

export type DecisionStatus =
  | "recorded"
  | "review_decision_not_found"
  | "review_decision_wrong_kind"
  | "review_decision_rejected"
  | "review_decision_other_subject";

/**
 * Whether a record of the council lets a transition of these units through, in the gateway's own words (LIFE-6).
 * @param row the control database's record, of whichever database
 */
export function judgeDecision(
  row: (DecisionContent & { readonly database: string }) | undefined,
  wanted: { kind: Static<typeof DecisionKind>; database: string; addresses: readonly string[] },
): DecisionStatus {
  if (row === undefined || row.database !== wanted.database) return "review_decision_not_found";
  if (row.decision_kind !== wanted.kind) return "review_decision_wrong_kind";
  if (row.decision !== "approve") return "review_decision_rejected";
  const all = wanted.addresses.every((address) => covers(row.subjects, address));
  return all ? "recorded" : "review_decision_other_subject";
}
