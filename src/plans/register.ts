import { type Tx, violatedConstraint, waitForStandby } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { parsePlan } from "../plan-file/index.ts";
import { PlanProblem } from "./errors.ts";
import { readPlan } from "./read.ts";
import type { PlanInput, PlanView } from "./schemas.ts";
import { findRevision, insertRevision } from "./store.ts";

/**
 * Registers a revision, which never changes afterwards; the same content again is the same revision (PLAN-1).
 * @param targets the names of the configured target databases
 * @returns the revision, and whether it is new
 * @throws PlanFileProblem PLAN_INVALID with line and column of each fault; PlanProblem PLAN_CONFLICT
 */
export async function registerPlan(
  tx: Tx,
  caller: Caller,
  targets: readonly string[],
  input: PlanInput,
): Promise<{ plan: PlanView; fresh: boolean }> {
  const { plan, digest } = await parsePlan(input.source);
  if (!targets.includes(plan.target)) {
    throw new ServiceProblem(
      "INVALID_REQUEST",
      `The plan is for the target database ${plan.target}, which is not configured.`,
      {
        errors: [
          {
            pointer: "/source",
            detail: `target must be one of TARGETS: ${targets.join(", ") || "none is configured"}`,
          },
        ],
      },
    );
  }
  const fresh = await insertRevision(tx, {
    plan_id: plan.plan,
    revision: plan.revision,
    plan_digest: digest,
    content: canonicalJson(plan),
    source: input.source,
    target: plan.target,
    registered_by: caller.principal,
  }).catch((error: unknown) => {
    if (violatedConstraint(error) !== "plan_has_one_target") throw error;
    throw new PlanProblem(
      "PLAN_CONFLICT",
      `${plan.plan} is a plan for another target; for ${plan.target} it is another plan.`,
      {
        errors: [{ pointer: "/source", detail: "target differs from that of the plan's other revisions" }],
        cause: error,
      },
    );
  });
  if (fresh) {
    await appendEvent(tx, caller, {
      action: "plan.registered",
      resourceType: "plan",
      resourceId: `${plan.plan}/${plan.revision}`,
      after: { target: plan.target, steps: plan.steps.length },
      digests: { plan_digest: digest },
    });
  } else {
    const standing = await findRevision(tx, plan.plan, plan.revision);
    if (standing?.plan_digest !== digest) {
      throw new PlanProblem(
        "PLAN_CONFLICT",
        `Revision ${plan.revision} of ${plan.plan} is registered with the digest ${standing?.plan_digest}; this one has ${digest}.`,
        { members: { plan_digest: standing?.plan_digest } },
      );
    }
    await waitForStandby(tx);
  }
  return { plan: await readPlan(tx, plan.plan, plan.revision), fresh };
}
