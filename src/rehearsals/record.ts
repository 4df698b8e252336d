import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson, digestOfBytes } from "../kernel/json.ts";
import { insertRehearsal } from "./store.ts";

/** What a rehearsal is bound to: a commit-mode request that names it must agree in all of it. */
export interface RehearsedBindings {
  readonly plan_id: string;
  readonly plan_revision: string;
  readonly manifest_digest: string;
  readonly schema_digest: string;
  readonly rollback_plan_ref: string;
}

export interface RehearsalContent {
  readonly idempotency_root: string;
  readonly auth_code: string;
  readonly build: string;
  readonly database: string;
  readonly bindings: RehearsedBindings;
  readonly entry_fingerprint: string;
  readonly exit_fingerprint: string;
  /** Each state and how it went. */
  readonly forward: unknown;
  /** Each compensation and how it went, and whether it led back. */
  readonly rollback: unknown;
  readonly delta: unknown;
  /** Whether forward, rollback and the comparison all held. */
  readonly passed: boolean;
}

/** Puts a rehearsal on record. @returns its reference: the digest of its canonical form (OPEN-1) */
export async function recordRehearsal(tx: Tx, caller: Caller, rehearsed: RehearsalContent): Promise<string> {
  const content = canonicalJson({ type: "countersign/rehearsal/v1", ...rehearsed });
  const ref = digestOfBytes(content);
  await insertRehearsal(tx, ref, content);
  await appendEvent(tx, caller, {
    action: "rehearsal.recorded",
    resourceType: "rehearsal",
    resourceId: ref,
    after: { passed: rehearsed.passed, idempotency_root: rehearsed.idempotency_root, database: rehearsed.database },
    digests: { manifest_digest: rehearsed.bindings.manifest_digest, entry_fingerprint: rehearsed.entry_fingerprint },
  });
  return ref;
}
