import type { ProposedAction, RequestForExecution } from "../../approvals/index.ts";
import type { Tx } from "../../database/index.ts";
import { type MintOutcome, mintGrant, presentGrant } from "../../grants/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import type { Handler, Outcome, RefusalLine } from "../handler.ts";

/** What this handler mints for, and nothing else (MINT-1, MINT-7). */
const allowed = { carrier: "C1", namespace: "DRYRUN-NS", axis: "dot:c1:vocab", target: "DOT_C1_VOCAB_BUILD" } as const;
const allowedEnvironment = /^rehearsal(-[a-z0-9][a-z0-9_-]*)?$/;

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

type Payload = ProposedAction & Required<Pick<ProposedAction, (typeof required)[number] | "environment">>;

/** The gates in their order; the first that answers is the result (MINT-1). Gate E is `mintGrant`'s. */
const gates: readonly ((request: RequestForExecution) => RefusalLine | undefined)[] = [
  (request) => (request.actionCode === "authorize_build_step" ? undefined : "SKIP:reject_action_superset"),
  (request) => (request.content.commit === false ? undefined : "FAIL:reject_real_run_commit_not_allowed"),
  (request) => (request.risk === "sovereign" ? "FAIL:reject_sovereign_risk" : undefined),
  (request) => (inScope(request.content.proposed_action) ? undefined : "FAIL:reject_scope_not_c1_dryrun"),
  (request) => (request.quorumPassed ? undefined : "FAIL:reject_quorum_not_passed"),
  (request) => {
    const missing = required.find((field) => request.content.proposed_action[field] === undefined);
    return missing === undefined ? undefined : `FAIL:reject_payload_${missing}`;
  },
];

/** Mints the dry-run grant of the C1 vocabulary build, and no other (MINT-1 to MINT-7). */
export const authorizeBuildStep: Handler = {
  handlerRef: "dot-apr-execute:authorize_build_step",
  summary: "Mints the dry-run grant of the C1 vocabulary build.",

  async execute(tx: Tx, caller: Caller, request: RequestForExecution): Promise<Outcome> {
    const refusal = gateRefusal(request);
    if (refusal !== undefined) return { result: refusal };
    return answer(await mintGrant(tx, caller, order(request, request.content.proposed_action as Payload)));
  },
};

/** The refusal of the gates alone, without a database: what `execute` would answer before Gate E. */
export function gateRefusal(request: RequestForExecution): RefusalLine | undefined {
  for (const gate of gates) {
    const refusal = gate(request);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function inScope(action: ProposedAction): boolean {
  const fixed = (Object.keys(allowed) as (keyof typeof allowed)[]).every((name) => action[name] === allowed[name]);
  return fixed && allowedEnvironment.test(action.environment ?? "");
}

function order(request: RequestForExecution, action: Payload) {
  const { aprCode, digest } = request;
  const { environment, plan_id, plan_revision, manifest_digest, schema_digest, executor, action_set } = action;
  return {
    requestRef: aprCode,
    aprDigest: digest,
    mode: "dry-run",
    scope: { ...allowed, environment, plan_id, plan_revision, manifest_digest, schema_digest, executor, action_set },
    rollbackPlanRef: action.rollback_plan_ref,
    approvalRef: { apr_code: aprCode, quorum: "passed", manifest_hash: manifest_digest },
    evidence: {
      plan_ref: action.plan_ref,
      manifest_hash: manifest_digest,
      step_name: action.step_name,
      mode: "dry-run",
      ...(action.owner_principal === undefined ? {} : { owner_principal: action.owner_principal }),
    },
    grantedBy: authorizeBuildStep.handlerRef,
    ttlSeconds: action.ttl_seconds,
  } as const;
}

function answer(outcome: MintOutcome): Outcome {
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
