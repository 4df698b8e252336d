import type { ProposedAction, RequestForExecution } from "../approvals/index.ts";
import { type MintOrder, type MintOutcome, presentGrant } from "../grants/index.ts";
import type { Outcome, RefusalLine } from "./handler.ts";

/** What a grant cannot be without: each binding of the verifier, and what the evidence names (MINT-5, GRANT-1). */
const required = [
  "rollback_plan_ref",
  "manifest_digest",
  "schema_digest",
  "plan_id",
  "plan_revision",
  "plan_ref",
  "step_name",
  "executor",
  "action_set",
] as const;

type Payload = ProposedAction & Required<Pick<ProposedAction, (typeof required)[number]>>;

/** The refusal for the first field that a grant cannot be without, or undefined. */
export function missingField(action: ProposedAction): RefusalLine | undefined {
  const missing = required.find((field) => action[field] === undefined);
  return missing === undefined ? undefined : `FAIL:reject_payload_${missing}`;
}

/** Where the grant is for, as the handler found it out: never taken from the request unchecked. */
export type Place = Pick<
  MintOrder["scope"],
  "carrier" | "namespace" | "axis" | "target" | "environment" | "database" | "lease_name"
>;

/**
 * The order for the one grant of a request (MINT-5).
 * @param request one in which `missingField` found nothing missing
 */
export function mintOrder(
  request: RequestForExecution,
  how: { mode: MintOrder["mode"]; place: Place; grantedBy: string; rollsBack?: string | undefined },
): MintOrder {
  const action = request.content.proposed_action as Payload;
  const { plan_id, plan_revision, manifest_digest, schema_digest, executor, action_set } = action;
  return {
    requestRef: request.aprCode,
    aprDigest: request.digest,
    mode: how.mode,
    scope: { ...how.place, plan_id, plan_revision, manifest_digest, schema_digest, executor, action_set },
    rollbackPlanRef: action.rollback_plan_ref,
    approvalRef: { apr_code: request.aprCode, quorum: "passed", manifest_hash: manifest_digest },
    evidence: {
      plan_ref: action.plan_ref,
      manifest_hash: manifest_digest,
      step_name: action.step_name,
      mode: how.mode,
      ...(action.owner_principal === undefined ? {} : { owner_principal: action.owner_principal }),
      ...(how.mode === "commit" && action.rehearsal_ref !== undefined ? { rehearsal_ref: action.rehearsal_ref } : {}),
      ...(how.rollsBack === undefined ? {} : { rolls_back: how.rollsBack }),
    },
    grantedBy: how.grantedBy,
    ttlSeconds: action.ttl_seconds,
  };
}

/** The protocol line of what came of it (APR-6). */
export function mintResult(outcome: MintOutcome): Outcome {
  switch (outcome.kind) {
    case "minted":
    case "replayed":
      return { result: "OK", replayed: outcome.kind === "replayed", grant: presentGrant(outcome.grant) };
    case "dead":
      return { result: `SKIP:grant_already_${outcome.status}` };
    case "live-grant-exists":
      return { result: "SKIP:active_grant_exists" };
  }
}
