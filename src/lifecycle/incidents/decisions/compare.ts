import { digestOf } from "../../../kernel/json.ts";
import { type DecisionContent, decisionDigest } from "../../decisions/judge.ts";
import type { Sighted } from "../store.ts";
import type { DecisionRecord, NamedDecision } from "./store.ts";

export interface DecisionsSeen {
  readonly database: string;
  readonly named: readonly NamedDecision[];
  readonly records: readonly DecisionRecord[];
}

/** Decisions that units were moved by and that the council never made, or made otherwise, or for another database (LIFE-6). */
export function undecided({ database, named, records }: DecisionsSeen): Sighted[] {
  const known = new Map(records.map((record) => [record.decision_id, record]));
  return named.flatMap((one) => {
    const problem = problemOf(one, known.get(one.decision_id), database);
    if (problem === undefined) return [];
    const { decision_id, lines, last_log_id } = one;
    return {
      kind: "log_contradicted" as const,
      subject: `decision ${decision_id}`,
      // Each further use of it is another sighting.
      sighting: digestOf([decision_id, problem, last_log_id]),
      detail: { decision_id, problem, lines: Number(lines), last_log_id },
    };
  });
}

function problemOf(one: NamedDecision, record: DecisionRecord | undefined, database: string): string | undefined {
  if (record === undefined) return "the log names it, and the council has no such decision on record";
  if (record.database !== database) return `the log names it, and it was made for the database ${record.database}`;
  return sameDecision(one, record) ? undefined : "the target has it otherwise than the council has it on record";
}

/** Whether the target's row is the council's decision, word for word. */
export function sameDecision(found: DecisionContent, record: DecisionContent): boolean {
  // A target may say `infinity`, which is no date here, and no decision of the council's.
  if (!(found.decided_at instanceof Date) || Number.isNaN(found.decided_at.getTime())) return false;
  return decisionDigest(bare(found)) === decisionDigest(bare(record));
}

function bare(row: DecisionContent): DecisionContent {
  const { decision_id, decision_kind, decision, subjects, reason, document_digest, decided_by, decided_at } = row;
  return { decision_id, decision_kind, decision, subjects, reason, document_digest, decided_by, decided_at };
}
