import type { ProposedAction, RequestForExecution } from "../../approvals/index.ts";
import type { Tx } from "../../database/index.ts";
import { mintGrant } from "../../grants/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import type { Handler, Outcome, RefusalLine } from "../handler.ts";
import { mintOrder, mintResult, missingField } from "../mint-order.ts";

/** What this handler mints for, and nothing else (MINT-1, MINT-7). */
const allowed = { carrier: "C1", namespace: "DRYRUN-NS", axis: "dot:c1:vocab", target: "DOT_C1_VOCAB_BUILD" } as const;
const allowedEnvironment = /^rehearsal(-[a-z0-9][a-z0-9_-]*)?$/;

/** The gates in their order; the first that answers is the result (MINT-1). Gate E is `mintGrant`'s. */
const gates: readonly ((request: RequestForExecution) => RefusalLine | undefined)[] = [
  (request) => (request.actionCode === "authorize_build_step" ? undefined : "SKIP:reject_action_superset"),
  (request) => (request.content.commit === false ? undefined : "FAIL:reject_real_run_commit_not_allowed"),
  (request) => (request.risk === "sovereign" ? "FAIL:reject_sovereign_risk" : undefined),
  (request) => (inScope(request.content.proposed_action) ? undefined : "FAIL:reject_scope_not_c1_dryrun"),
  (request) => (request.quorumPassed ? undefined : "FAIL:reject_quorum_not_passed"),
  (request) => missingField(request.content.proposed_action),
];

/** Mints the dry-run grant of the C1 vocabulary build, and no other (MINT-1 to MINT-7). */
export const authorizeBuildStep: Handler = {
  handlerRef: "dot-apr-execute:authorize_build_step",
  summary: "Mints the dry-run grant of the C1 vocabulary build.",

  async execute(tx: Tx, caller: Caller, request: RequestForExecution): Promise<Outcome> {
    const refusal = gateRefusal(request);
    if (refusal !== undefined) return { result: refusal };
    const place = { ...allowed, environment: request.content.proposed_action.environment ?? "" };
    const grantedBy = authorizeBuildStep.handlerRef;
    // A rollback is rehearsed like a build: the grant then says which run it is about.
    const rollsBack = request.content.proposed_action.rolls_back;
    const order = mintOrder(request, { mode: "dry-run", place, grantedBy, rollsBack });
    return mintResult(await mintGrant(tx, caller, order));
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
