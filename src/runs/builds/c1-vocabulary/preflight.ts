import type { Tx } from "../../../database/index.ts";
import type { Detail } from "../../build.ts";
import { RunProblem } from "../../errors.ts";
import { expectedSchemaDigest, liveSchemaDigest } from "./catalog.ts";
import { targetFacts } from "./store.ts";

/**
 * Whether the target takes writes and, where the collection is there, whether it is the one that was approved.
 * @throws RunProblem TARGET_READ_ONLY, STATE_FAILED, SCHEMA_DIGEST_MISMATCH
 */
export async function lookAtTarget(target: Tx): Promise<Detail> {
  const facts = await targetFacts(target);
  if (facts.read_only)
    throw new RunProblem("TARGET_READ_ONLY", "The target is a standby or read-only by configuration.");
  const live = await liveSchemaDigest(target);
  if (live === undefined && !facts.may_create) {
    throw new RunProblem("STATE_FAILED", "The role of TARGETS may not create the schema c1 in its database.");
  }
  if (live !== undefined) requireSchema(live);
  return { collection: live === undefined ? "absent" : "present" };
}

/** @throws RunProblem SCHEMA_DIGEST_MISMATCH */
export function requireSchema(live: string | undefined): void {
  const expected = expectedSchemaDigest();
  if (live === expected) return;
  throw new RunProblem(
    "SCHEMA_DIGEST_MISMATCH",
    `The schema c1 has the digest ${live ?? "of nothing"}; approved is ${expected}.`,
  );
}
