import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { type EventInsert, insertEvents } from "./store.ts";

/** What a transition leaves on record (AUDIT-1). */
export interface AuditRecord {
  /** `resource.past_participle`, e.g. `grant.consumed`. */
  readonly action: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly digests?: Readonly<Record<string, string>>;
}

/** Appends the event in the transaction of the transition itself: both are committed, or neither (AUDIT-1). */
export function appendEvent(tx: Tx, caller: Caller, record: AuditRecord): Promise<void> {
  return appendEvents(tx, caller, [record]);
}

/** The same for several transitions of one transaction, in their order. */
export async function appendEvents(tx: Tx, caller: Caller, records: readonly AuditRecord[]): Promise<void> {
  await appendEventsOf(
    tx,
    records.map((record) => ({ caller, record })),
  );
}

/** The same for transitions that several callers have made in one transaction. */
export async function appendEventsOf(
  tx: Tx,
  made: readonly { readonly caller: Caller; readonly record: AuditRecord }[],
): Promise<void> {
  await insertEvents(
    tx,
    made.map(({ caller, record }) => eventOf(caller, record)),
  );
}

function eventOf(caller: Caller, record: AuditRecord): EventInsert {
  return {
    actor: caller.principal,
    requestId: caller.requestId,
    action: record.action,
    resourceType: record.resourceType,
    resourceId: record.resourceId,
    before: record.before ?? null,
    after: record.after ?? null,
    digests: record.digests ?? {},
  };
}
