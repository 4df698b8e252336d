import type { Database } from "../../database/index.ts";
import { digestOf } from "../../kernel/json.ts";
import type { GatewayObject } from "../gateway/schemas.ts";
import { compareWithLog } from "../verification/contents/store.ts";
import type { Sighted } from "./store.ts";

/** Whether units and versions are what their log says. */
export interface LogComparison {
  /** False where it was not asked for, or where the tables are not there, closed or too large for the time given. */
  readonly compared: boolean;
  readonly contradictions: number;
  /** The first of them. */
  readonly sighted: readonly Sighted[];
}

export const notCompared: LogComparison = { compared: false, contradictions: 0, sighted: [] };

const read = [
  "public.information_unit",
  "public.unit_version",
  "public.iu_lifecycle_log",
  "cutter_governance.review_decision",
];

/**
 * Compares units with their log: what was written while the gateway stood open for a moment leaves no other trace. It
 * reads every unit that is no draft. Only plain tables are read: a view in their place would run with what we may do.
 * @param found the gateway as it was found just before
 */
export async function compareUnits(target: Database, found: readonly GatewayObject[]): Promise<LogComparison> {
  const plain = new Set(found.filter(({ aspects }) => aspects["kind"] === "table").map(({ object }) => object));
  if (!read.every((table) => plain.has(`relation ${table}`))) return notCompared;
  try {
    const told = await target.transact((tx) => compareWithLog(tx, true), { readOnly: true });
    return {
      compared: true,
      contradictions: told.contradictions,
      sighted: told.examples.map((example) => ({
        kind: "log_contradicted",
        subject: example.canonical_address || "unknown",
        sighting: digestOf(example),
        detail: { version_id: example.version_id, problem: example.problem },
      })),
    };
  } catch {
    return notCompared;
  }
}
