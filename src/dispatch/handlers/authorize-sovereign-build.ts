import type { ProposedAction, RequestForExecution } from "../../approvals/index.ts";
import type { Tx } from "../../database/index.ts";
import { mintGrant } from "../../grants/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { findActiveScope, type ScopeRow } from "../../scopes/index.ts";
import type { Handler, Outcome, RefusalLine } from "../handler.ts";
import { mintOrder, mintResult, missingField } from "../mint-order.ts";

/** A request together with the registered scope that it names, if it names one. */
interface Asked {
  readonly request: RequestForExecution;
  readonly scope: ScopeRow | undefined;
}

type Gate = (asked: Asked) => RefusalLine | undefined;

/** The gates in their order; the first that answers is the result. Gate E, per target and environment, is `mintGrant`'s. */
const gates: readonly Gate[] = [
  ({ request }) => (request.actionCode === "authorize_sovereign_build" ? undefined : "SKIP:reject_action_superset"),
  ({ request }) => (request.content.commit === true ? undefined : "FAIL:reject_commit_not_true"),
  ({ request }) => (request.risk === "sovereign" ? undefined : "FAIL:reject_risk_not_sovereign"),
  ({ scope }) => (scope === undefined ? "FAIL:reject_scope_not_registered" : undefined),
  ({ request }) => (request.quorumPassed ? undefined : "FAIL:reject_quorum_not_passed"),
  ({ request }) => missingField(request.content.proposed_action),
  ({ request, scope }) =>
    withinOneSet(request.content.proposed_action, scope) ? undefined : "FAIL:reject_action_set_not_allowed",
  ({ request, scope }) => rehearsal(request.content.proposed_action, scope),
];

/** Mints the draft of a commit-mode grant for a registered scope; a sovereign's signature makes it active (ESIGN-1). */
export const authorizeSovereignBuild: Handler = {
  handlerRef: "dot-apr-execute:authorize_sovereign_build",
  summary: "Mints the draft of a commit-mode grant for a registered scope.",

  async execute(tx: Tx, caller: Caller, request: RequestForExecution): Promise<Outcome> {
    const scope = await scopeOf(tx, request.content.proposed_action);
    const refusal = sovereignRefusal({ request, scope });
    if (refusal !== undefined || scope === undefined) return { result: refusal ?? "FAIL:reject_scope_not_registered" };
    const { carrier, namespace, axis, target, environment, database, lease_name } = scope;
    const place = { carrier, namespace, axis, target, environment, database, lease_name };
    const order = mintOrder(request, { mode: "commit", place, grantedBy: authorizeSovereignBuild.handlerRef });
    return mintResult(await mintGrant(tx, caller, order));
  },
};

/** The refusal of the gates alone: what `execute` would answer before Gate E. */
export function sovereignRefusal(asked: Asked): RefusalLine | undefined {
  for (const gate of gates) {
    const refusal = gate(asked);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function scopeOf(tx: Tx, action: ProposedAction): Promise<ScopeRow | undefined> {
  const { carrier, namespace, axis, target, environment } = action;
  const whole = carrier !== undefined && namespace !== undefined && axis !== undefined;
  if (!whole || target === undefined || environment === undefined) return undefined;
  return findActiveScope(tx, { carrier, namespace, axis, target, environment });
}

function withinOneSet(action: ProposedAction, scope: ScopeRow | undefined): boolean {
  const asked = action.action_set ?? [];
  return scope?.allowed_action_sets.some((allowed) => asked.every((one) => allowed.includes(one))) === true;
}

/**
 * Where the scope demands it, a request stands on a rehearsal (OPEN-1). No rehearsal is on record before build runs
 * record them, so what is named cannot be found, and the mint fails closed.
 */
function rehearsal(action: ProposedAction, scope: ScopeRow | undefined): RefusalLine | undefined {
  if (scope?.rehearsal_required !== true) return undefined;
  return action.rehearsal_ref === undefined
    ? "FAIL:reject_payload_rehearsal_ref"
    : "FAIL:reject_rehearsal_not_on_record";
}
