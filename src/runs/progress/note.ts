import type { Tx } from "../../database/index.ts";
import { type AuditRecord, appendEvents } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { type EventInsert, insertRunEvents } from "./store.ts";

/**
 * Lines of the run's progress, and the audit event of each, in the transaction of the step itself (AUDIT-1). The run's row
 * must be locked.
 */
export async function note(tx: Tx, caller: Caller, root: string, ...events: readonly EventInsert[]): Promise<void> {
  await insertRunEvents(tx, root, events);
  await appendEvents(
    tx,
    caller,
    events.map((event) => recordOf(root, event)),
  );
}

/** The audit event of a line of progress. */
export function recordOf(root: string, event: EventInsert): AuditRecord {
  return {
    action: `run.${event.event.replace(/^run_/, "")}`,
    resourceType: "run",
    resourceId: root,
    after: {
      ...(event.state === undefined ? {} : { state: event.state }),
      ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
      ...(event.detail === undefined ? {} : { detail: event.detail }),
    },
  };
}
