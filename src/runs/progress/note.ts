import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { type EventInsert, insertRunEvent } from "./store.ts";

/**
 * A line of the run's progress, and the audit event of the same step, in the transaction of the step (AUDIT-1). The run's
 * row must be locked.
 */
export async function note(tx: Tx, caller: Caller, root: string, event: EventInsert): Promise<void> {
  await insertRunEvent(tx, root, event);
  await appendEvent(tx, caller, {
    action: `run.${event.event.replace(/^run_/, "")}`,
    resourceType: "run",
    resourceId: root,
    after: {
      ...(event.state === undefined ? {} : { state: event.state }),
      ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
      ...(event.detail === undefined ? {} : { detail: event.detail }),
    },
  });
}
