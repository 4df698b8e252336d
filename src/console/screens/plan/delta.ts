import type { LedgerLine } from "../../../plans/index.ts";
import { canonicalJson } from "../bytes/digest.ts";

/** What a step has changed, as far as it is shown line by line. */
export interface Change {
  /** Of what: an object, the rows of a table, a sequence. */
  readonly subject: string;
  readonly change: string;
}

export interface Compared extends Change {
  /** Where it is seen. */
  readonly side: "both" | "rehearsal" | "commit";
}

/** The lines of a delta (PLAN-5); none for what is no delta. */
export function changesOf(delta: unknown): Change[] {
  if (typeof delta !== "object" || delta === null) return [];
  const { objects, rows, sequences } = delta as Record<string, unknown>;
  return [
    ...(Array.isArray(objects) ? objects.map(objectChange) : []),
    ...(typeof rows === "object" && rows !== null ? Object.entries(rows).map(rowChange) : []),
    ...(Array.isArray(sequences)
      ? sequences.map((name) => ({ subject: `sequence ${String(name)}`, change: "+" }))
      : []),
  ];
}

function objectChange(found: unknown): Change {
  const { object, change, after } = found as Record<string, unknown>;
  // The definition belongs to the change: one that is otherwise changed is another change.
  return {
    subject: String(object),
    change: typeof after === "string" ? `${String(change)}: ${after}` : String(change),
  };
}

function rowChange([table, counts]: [string, unknown]): Change {
  const { insert = 0, update = 0, delete: gone = 0 } = (counts ?? {}) as Record<string, unknown>;
  return { subject: table, change: `+${String(insert)} ~${String(update)} −${String(gone)}` };
}

const has = (all: readonly Change[], one: Change): boolean =>
  all.some(({ subject, change }) => subject === one.subject && change === one.change);

/** A rehearsal's delta beside a commit's: what both have, and what only one of them has. */
export function compare(rehearsal: unknown, commit: unknown): Compared[] {
  const [rehearsed, committed] = [changesOf(rehearsal), changesOf(commit)];
  return [
    ...rehearsed.map((one) => ({ ...one, side: has(committed, one) ? ("both" as const) : ("rehearsal" as const) })),
    ...committed.filter((one) => !has(rehearsed, one)).map((one) => ({ ...one, side: "commit" as const })),
  ];
}

/** The rehearsal that a line of the ledger was committed on, where the ledger has it. */
export function rehearsalOf(line: LedgerLine, ledger: readonly LedgerLine[]): LedgerLine | undefined {
  if (line.rehearsal_ref === null || line.outcome.startsWith("rehears")) return undefined;
  return ledger.find((one) => one.outcome === "rehearsed" && one.rehearsal_ref === line.rehearsal_ref);
}

export const isSameDelta = (one: unknown, other: unknown): boolean => canonicalJson(one) === canonicalJson(other);
