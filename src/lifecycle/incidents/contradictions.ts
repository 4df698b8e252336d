import type { Database } from "../../database/index.ts";
import { digestOf } from "../../kernel/json.ts";
import type { GatewayObject } from "../gateway/schemas.ts";
import { compareWithLog } from "../verification/contents/store.ts";
import { type DecisionsSeen, undecided } from "./decisions/compare.ts";
import { selectNamedDecisions, selectRecords } from "./decisions/store.ts";
import { compareMarks, type MarkComparison, notMarked } from "./marks/compare.ts";
import { selectMarks } from "./marks/store.ts";
import type { Sighted } from "./store.ts";

/** Whether units and versions are what their log says, and the log is what it said before. */
export interface LogComparison {
  /** False where it was not asked for, or where the tables are not there, closed or too large for the time given. */
  readonly compared: boolean;
  readonly contradictions: number;
  readonly sighted: readonly Sighted[];
  readonly marks: MarkComparison;
}

export const notCompared: LogComparison = { compared: false, contradictions: 0, sighted: [], marks: notMarked };

/** Contradictions that each get an incident of their own; more of them are one incident that says so. */
const mostOfOwn = 5_000;
/** How long the older lines of a long log are left before the next piece of them is read. */
const turnMs = 15 * 60_000;

const read = [
  "public.information_unit",
  "public.unit_version",
  "public.iu_lifecycle_log",
  "public.dot_config",
  "cutter_governance.review_decision",
];

/**
 * Compares units with their log, its decisions with those of the council, and its lines with what they were: what was written
 * while the gateway stood open for a moment leaves no other trace. It reads every unit that is no draft. Only plain tables
 * are read: a view in their place would run with what we may do.
 * @param found the gateway as it was found just before
 */
export async function compareUnits(
  control: Database,
  target: Database,
  database: string,
  found: readonly GatewayObject[],
): Promise<LogComparison> {
  const plain = new Set(found.filter(({ aspects }) => aspects["kind"] === "table").map(({ object }) => object));
  if (!read.every((table) => plain.has(`relation ${table}`))) return notCompared;
  // Each by itself: what makes one of them fail must not hide what the others find.
  const units = await unlessItFails(() => compareWith(target));
  const decisions = await unlessItFails(() => compareDecisions(control, target, database));
  const marks = await unlessItFails(async () => {
    const known = await control.transact((tx) => selectMarks(tx, database), { readOnly: true });
    return compareMarks(target, known, Math.floor(Date.now() / turnMs));
  });
  const sighted = [...(units?.sighted ?? []), ...(decisions ?? []), ...(marks?.sighted ?? [])];
  return {
    compared: units !== undefined && decisions !== undefined && marks !== undefined,
    contradictions: (units?.contradictions ?? 0) + (decisions?.length ?? 0) + (marks?.sighted.length ?? 0),
    sighted,
    marks: marks ?? notMarked,
  };
}

async function unlessItFails<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

async function compareWith(target: Database): Promise<{ contradictions: number; sighted: Sighted[] }> {
  const told = await target.transact((tx) => compareWithLog(tx, true, mostOfOwn), { readOnly: true });
  const sighted = told.examples.map(
    (example): Sighted => ({
      kind: "log_contradicted",
      subject: example.canonical_address || "unknown",
      sighting: digestOf(example),
      detail: { version_id: example.version_id, problem: example.problem },
    }),
  );
  if (told.contradictions > mostOfOwn) {
    sighted.push({
      kind: "log_contradicted",
      subject: "public.iu_lifecycle_log",
      sighting: `${told.contradictions} contradictions`,
      detail: { problem: `there are more than ${mostOfOwn} contradictions`, contradictions: told.contradictions },
    });
  }
  return { contradictions: told.contradictions, sighted };
}

/** In this order: what a target was given of the council is in the control database before. */
async function compareDecisions(control: Database, target: Database, database: string): Promise<Sighted[]> {
  const named = await target.transact((tx) => selectNamedDecisions(tx), { readOnly: true });
  const ids = named.map(({ decision_id }) => decision_id);
  const records = await control.transact((tx) => selectRecords(tx, ids), { readOnly: true });
  const seen: DecisionsSeen = { database, named, records };
  return undecided(seen);
}
