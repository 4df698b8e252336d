import { canonicalJson } from "../../kernel/json.ts";
import type { Check } from "./schemas.ts";

/** What stands in `found` where the object that a row is about is missing. */
export const absent = "absent";

/** A row that passes where what was found is what was expected, in canonical form. */
export function compare(id: string, title: string, expected: unknown, found: unknown): Check {
  return judged(id, title, expected, found, canonicalJson(expected) === canonicalJson(found));
}

/** A row that was judged by a rule of its own; `expected` says it in words. */
export function judged(id: string, title: string, expected: unknown, found: unknown, passed: boolean): Check {
  return { id, title, expected, found, verdict: passed ? "passed" : "failed", passed };
}

/** A row for which the document has no value: it fails no report, and its change shows in the digest. */
export function recorded(id: string, title: string, expected: unknown, found: unknown, note: string): Check {
  return { id, title, expected, found, verdict: "recorded", passed: true, note };
}

export function allPass(rows: readonly { readonly passed: boolean }[]): boolean {
  return rows.every((row) => row.passed);
}
