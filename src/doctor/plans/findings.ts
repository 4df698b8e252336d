import type { Tx } from "../../database/index.ts";
import type { Finding } from "../schemas.ts";
import { contradictedSteps, planTargets, recordsOfRevokedKeys, recordsWithoutCouncil } from "./store.ts";

/**
 * Plans that stand still, and records that can never be used (OPEN-6).
 * @param targets the names of the configured target databases
 */
export async function planFindings(tx: Tx, targets: readonly string[]): Promise<Finding[]> {
  const contradicted = (await contradictedSteps(tx)).map(
    ({ plan_id, step, revision, idempotency_root }): Finding => ({
      severity: "error",
      code: "PLAN_CONTRADICTED",
      subject: `${plan_id}/${revision}`,
      detail: `What was found after ${idempotency_root} contradicts step ${step}; the plan goes no further.`,
      remedy: "Look at the run's error, settle it, and roll the step back under a record of its own.",
    }),
  );
  const lone = (await recordsWithoutCouncil(tx)).map(
    ({ approval_code, missing }): Finding => ({
      severity: "warning",
      code: "RECORD_WITHOUT_COUNCIL",
      subject: approval_code,
      detail: `It can be used only beside ${missing.join(" and ")} of the council, which does not stand.`,
      remedy: "Have the council record its decision with POST /v1/council-records.",
    }),
  );
  const keys = (await recordsOfRevokedKeys(tx)).map(
    ({ approval_code, kid }): Finding => ({
      severity: "error",
      code: "RECORD_KEY_REVOKED",
      subject: approval_code,
      detail: `It was signed with ${kid}, which has been revoked: it can never be used.`,
      remedy: "Revoke it, and have another one made and signed.",
    }),
  );
  const nowhere = (await planTargets(tx))
    .filter(({ target }) => !targets.includes(target))
    .map(
      ({ plan_id, target }): Finding => ({
        severity: "warning",
        code: "PLAN_TARGET_UNKNOWN",
        subject: plan_id,
        detail: `Its target database ${target} is not configured here.`,
        remedy: "Name the database in TARGETS.",
      }),
    );
  return [...contradicted, ...lone, ...keys, ...nowhere];
}
