import { createHash } from "node:crypto";
import { canonicalJson } from "../../../kernel/json.ts";
import { ServiceProblem } from "../../../kernel/problems.ts";
import type { C1Input, Entry } from "./schemas.ts";

/** Code units, as RFC 8785 sorts and as PostgreSQL's collation "C" does for these characters. */
export function inOrder(a: Entry, b: Entry): number {
  return compare(a.operation_code, b.operation_code) || compare(a.protocol_version, b.protocol_version);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The digest of a manifest: SHA-256 over the RFC 8785 form of `{"entries": […]}` with the entries by code and version, so
 * that neither the order in the file nor that in the table counts.
 * @param entries in order
 */
export function manifestDigest(entries: Iterable<Entry>): string {
  const hash = createHash("sha256").update('{"entries":[');
  let first = true;
  for (const { operation_code, protocol_version, description } of entries) {
    hash.update(`${first ? "" : ","}${canonicalJson({ operation_code, protocol_version, description })}`);
    first = false;
  }
  return `sha256:${hash.update("]}").digest("hex")}`;
}

/** @throws ServiceProblem INVALID_REQUEST naming each entry that stands there twice */
export function refuseDuplicates({ manifest }: C1Input): void {
  const seen = new Map<string, number>();
  const errors = [];
  for (const [position, entry] of manifest.entries.entries()) {
    const id = `${entry.operation_code}@${entry.protocol_version}`;
    const earlier = seen.get(id);
    if (earlier === undefined) seen.set(id, position);
    else if (errors.length < 20) {
      errors.push({ pointer: `/input/manifest/entries/${position}`, detail: `is ${id}, as entry ${earlier} is` });
    }
  }
  if (errors.length > 0) {
    throw new ServiceProblem("INVALID_REQUEST", "The manifest names a version of an operation twice.", { errors });
  }
}
