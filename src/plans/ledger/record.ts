import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import type { Act, Outcome, StepStatus } from "../states.ts";
import type { RevisionRow } from "../store.ts";

/** What a line of the ledger is of. */
interface Line {
  readonly step: number;
  readonly act: Act;
  readonly step_digest: string;
  readonly idempotency_root: string;
  readonly approval_code: string | null;
}

/** The audit event of a line, in its transaction (AUDIT-1). */
export async function recordLine(
  tx: Tx,
  caller: Caller,
  revision: RevisionRow,
  line: Line,
  { outcome, before }: { readonly outcome: Outcome; readonly before: StepStatus },
): Promise<void> {
  const { step, act, step_digest, idempotency_root, approval_code } = line;
  await appendEvent(tx, caller, {
    action: `plan.step_${outcome}`,
    resourceType: "plan",
    resourceId: `${revision.plan_id}/${revision.revision}`,
    before: { step, status: before },
    after: { step, act, outcome, idempotency_root, approval_code },
    digests: { plan_digest: revision.plan_digest, step_digest },
  });
}
