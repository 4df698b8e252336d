import { canonicalJson, digestOf } from "../../kernel/json.ts";
import type { Sighted } from "./store.ts";

/** Characters that an incident's subject, sighting and detail may have; the control database checks no less. */
const mostOfSubject = 300;
const mostOfSighting = 150;
const mostOfDetail = 20_000;
const digestLength = "sha256:".length + 64;

/** At most so many characters, none of them half of one. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text.toWellFormed() : text.slice(0, most).toWellFormed();
}

/** A name that is too long keeps its beginning, and the digest of the whole tells it from others that begin the same. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text.toWellFormed();
  return `${cut(text, most - digestLength - 1)} ${digestOf(text.toWellFormed())}`;
}

/**
 * An incident as it can be stored and indexed, whatever was found: some of it is text of whoever tries, and what cannot be
 * stored would take with it all that was found beside it.
 */
export function bounded({ kind, subject, sighting, detail }: Sighted): Sighted {
  const json = canonicalJson(detail);
  return {
    kind,
    subject: shortened(subject, mostOfSubject) || "unknown",
    sighting: shortened(sighting, mostOfSighting) || "unknown",
    detail:
      json.length <= mostOfDetail
        ? detail
        : { detail_digest: digestOf(detail), characters: json.length, begins: cut(json, 1_000) },
  };
}
