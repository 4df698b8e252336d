import { canonicalJson, digestOf } from "../../kernel/json.ts";

/** An audit event as it is sealed: everything that it says, in the words of the database. */
export interface SealedEvent {
  readonly seq: number;
  /** To the microsecond, in UTC. */
  readonly occurred_at: string;
  readonly actor: string;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly request_id: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly digests: unknown;
}

/**
 * The bytes that a leaf of the log is made of: the canonical form (RFC 8785) of the event, with digests in place of the states
 * before and after it. So an entry is small and says nothing of a change's content to whoever reads the log, and the content
 * is still bound to it (AUDIT-2).
 */
export function entryOf(event: SealedEvent): Uint8Array {
  const { before, after, ...said } = event;
  return Buffer.from(canonicalJson({ ...said, before: digestOrNull(before), after: digestOrNull(after) }));
}

function digestOrNull(state: unknown): string | null {
  return state === null ? null : digestOf(state);
}
