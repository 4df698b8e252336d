import type { Tx } from "../database/index.ts";
import { canonicalJson, digestOf } from "../kernel/json.ts";
import { findLineOfRoot } from "./ledger/store.ts";
import { lineOf, planOf, requireRevision, requireStep } from "./read.ts";
import { readProposalApproval } from "./records/read.ts";
import type { LedgerLine, ProposalApproval } from "./schemas.ts";
import type { Act } from "./states.ts";
import { findStepRun } from "./store.ts";

/** What shows by what a run of a step was let in, and what came of it. */
export interface StepEvidence {
  readonly plan_id: string;
  readonly revision: string;
  readonly plan_digest: string;
  readonly registered_by: string;
  readonly step: number;
  /** The canonical bytes of the step, as text. */
  readonly content: string;
  readonly step_digest: string;
  readonly act: Act;
  readonly record: ProposalApproval | null;
  readonly line: LedgerLine | null;
}

/** The step that a run is of, with its record and its line in the ledger; undefined for any other run (OPEN-5, PLAN-5). */
export async function readStepEvidence(tx: Tx, root: string): Promise<StepEvidence | undefined> {
  const of = await findStepRun(tx, root);
  if (of === undefined) return undefined;
  const revision = await requireRevision(tx, of.plan_id, of.revision);
  const step = requireStep(planOf(revision), of.step);
  const line = await findLineOfRoot(tx, root);
  return {
    plan_id: of.plan_id,
    revision: of.revision,
    plan_digest: revision.plan_digest,
    registered_by: revision.registered_by,
    step: of.step,
    content: canonicalJson(step),
    step_digest: digestOf(step),
    act: of.act,
    record: of.approval_code === null ? null : await readProposalApproval(tx, of.approval_code),
    line: line === undefined ? null : lineOf(line),
  };
}
