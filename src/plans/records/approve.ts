import { randomUUID } from "node:crypto";
import { type Tx, violatedConstraint } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { PlanProblem } from "../errors.ts";
import { planOf, requireRevision, requireStep } from "../read.ts";
import type { ProposalApproval, ProposalApprovalInput } from "../schemas.ts";
import { readProposalApproval } from "./read.ts";
import { insertApproval } from "./store.ts";

/** Seconds that a record stands unless it is said otherwise. */
const defaultTtl = 7_200;

/**
 * Records the authorization (M-1) of one act on one step of one revision, bound to the plan's digest and to the rehearsal
 * that was seen (PLAN-2). It is written by a sovereign who is neither the plan's author nor its executor (PLAN-9).
 * @throws PlanProblem RECORD_MISMATCH, REHEARSAL_NEEDED, STEP_NEEDS_RECORD; ServiceProblem NOT_FOUND, FORBIDDEN
 */
export async function approveStep(tx: Tx, caller: Caller, input: ProposalApprovalInput): Promise<ProposalApproval> {
  const revision = await requireRevision(tx, input.plan_id, input.revision);
  const step = requireStep(planOf(revision), input.step);
  requireDigest(revision.plan_digest, input);
  if (!(step.records ?? []).includes("M-1")) {
    throw mismatch("/step", `Step ${input.step} needs no M-1 record.`);
  }
  if (step.kind !== "sql" && input.act === "rollback") {
    throw new PlanProblem("NOTHING_TO_DO", `Step ${input.step} is of kind ${step.kind} and is not rolled back.`);
  }
  if (step.kind === "sql" && input.rehearsal_ref === undefined) {
    throw new PlanProblem("REHEARSAL_NEEDED", "A record of this step names the rehearsal that it stands on.", {
      errors: [{ pointer: "/rehearsal_ref", detail: "must be the reference of a passed rehearsal of this act" }],
    });
  }
  if (caller.principal === revision.registered_by || caller.principal === input.executor) {
    throw new ServiceProblem(
      "FORBIDDEN",
      `${caller.principal} is the plan's author or its executor; another sovereign records it.`,
    );
  }
  const code = `M1-${randomUUID()}`;
  const row = await insertApproval(tx, {
    code,
    plan_id: input.plan_id,
    revision: input.revision,
    plan_digest: input.plan_digest,
    step: input.step,
    act: input.act,
    rehearsal_ref: input.rehearsal_ref,
    signed: step.signed ?? false,
    executor: input.executor,
    reason: input.reason,
    grantedBy: caller.principal,
    ttlSeconds: input.ttl_seconds ?? defaultTtl,
  }).catch((error: unknown) => {
    throw refusedByDatabase(input, error);
  });
  await appendEvent(tx, caller, {
    action: "proposal_approval.recorded",
    resourceType: "proposal_approval",
    resourceId: code,
    after: {
      status: row.status,
      plan_id: row.plan_id,
      revision: row.revision,
      step: row.step,
      act: row.act,
      rehearsal_ref: row.rehearsal_ref,
      expires_at: row.expires_at.toISOString(),
    },
    digests: { plan_digest: row.plan_digest },
  });
  return readProposalApproval(tx, code);
}

/** @throws PlanProblem RECORD_MISMATCH where a record names other content than the revision has */
export function requireDigest(digest: string, input: { readonly plan_digest: string }): void {
  if (input.plan_digest === digest) return;
  throw mismatch("/plan_digest", `The revision's digest is ${digest}.`);
}

function mismatch(pointer: string, detail: string): Error {
  return new PlanProblem("RECORD_MISMATCH", detail, { errors: [{ pointer, detail }] });
}

function refusedByDatabase(input: ProposalApprovalInput, error: unknown): unknown {
  switch (violatedConstraint(error)) {
    case "approval_needs_rehearsal":
    case "os_proposal_approvals_rehearsal_ref_fkey":
      return new PlanProblem(
        "REHEARSAL_NEEDED",
        `No passed rehearsal of the ${input.act} of step ${input.step} is on record under ${input.rehearsal_ref}.`,
        {
          errors: [{ pointer: "/rehearsal_ref", detail: "must be a passed rehearsal of this act on this step" }],
          cause: error,
        },
      );
    default:
      return error;
  }
}
