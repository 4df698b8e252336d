import type { ProposedAction, RequestForExecution } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import { mintGrant } from "../grants/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { findStanding, requireUnmoved, RehearsalProblem, type Sightings } from "../rehearsals/index.ts";
import { findActiveScope, type ScopeRow } from "../scopes/index.ts";
import type { Outcome, RefusalLine } from "./handler.ts";
import { mintOrder, mintResult, missingField } from "./mint-order.ts";

/** A request together with the registered scope that it names, if it names one. */
export interface Asked {
  readonly request: RequestForExecution;
  readonly scope: ScopeRow | undefined;
}

export type Gate = (asked: Asked) => RefusalLine | undefined;

/** The gates that every commit-mode action has, in their order; Gate E, per target and environment, is `mintGrant`'s. */
export function sovereignGates(actionCode: string): readonly Gate[] {
  return [
    ({ request }) => (request.actionCode === actionCode ? undefined : "SKIP:reject_action_superset"),
    ({ request }) => (request.content.commit === true ? undefined : "FAIL:reject_commit_not_true"),
    ({ request }) => (request.risk === "sovereign" ? undefined : "FAIL:reject_risk_not_sovereign"),
    ({ scope }) => (scope === undefined ? "FAIL:reject_scope_not_registered" : undefined),
    ({ request }) => (request.quorumPassed ? undefined : "FAIL:reject_quorum_not_passed"),
    ({ request }) => missingField(request.content.proposed_action),
    ({ request, scope }) =>
      withinOneSet(request.content.proposed_action, scope) ? undefined : "FAIL:reject_action_set_not_allowed",
    ({ request, scope }) =>
      scope?.rehearsal_required === true && request.content.proposed_action.rehearsal_ref === undefined
        ? "FAIL:reject_payload_rehearsal_ref"
        : undefined,
  ];
}

/** The first refusal of the gates. */
export function firstRefusal(gates: readonly Gate[], asked: Asked): RefusalLine | undefined {
  for (const gate of gates) {
    const refusal = gate(asked);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The active scope that the request names, if it names one in full. */
export async function scopeOf(tx: Tx, action: ProposedAction): Promise<ScopeRow | undefined> {
  const { carrier, namespace, axis, target, environment } = action;
  const whole = carrier !== undefined && namespace !== undefined && axis !== undefined;
  if (!whole || target === undefined || environment === undefined) return undefined;
  return findActiveScope(tx, { carrier, namespace, axis, target, environment });
}

/**
 * Mints the draft, once the rehearsal that the request names still stands (OPEN-1): a passed one of the same plan, content
 * and database, and the target has not moved since.
 * @throws RehearsalProblem REHEARSAL_UNSEEN where the target does not answer: nothing is decided then
 */
export async function mintDraft(
  tx: Tx,
  caller: Caller,
  request: RequestForExecution,
  how: {
    readonly scope: ScopeRow;
    readonly grantedBy: string;
    readonly rollsBack?: string;
    readonly sightings: Sightings;
  },
): Promise<Outcome> {
  const { scope, grantedBy, rollsBack, sightings } = how;
  const refusal = await rehearsalRefusal(tx, request.content.proposed_action, scope, sightings);
  if (refusal !== undefined) return { result: refusal };
  const { carrier, namespace, axis, target, environment, database, lease_name } = scope;
  const place = { carrier, namespace, axis, target, environment, database, lease_name };
  return mintResult(await mintGrant(tx, caller, mintOrder(request, { mode: "commit", place, grantedBy, rollsBack })));
}

async function rehearsalRefusal(
  tx: Tx,
  action: ProposedAction,
  scope: ScopeRow,
  sightings: Sightings,
): Promise<RefusalLine | undefined> {
  const { rehearsal_ref: ref, plan_id, plan_revision, manifest_digest, schema_digest, rollback_plan_ref } = action;
  if (ref === undefined) return undefined;
  const bindings = { plan_id, plan_revision, manifest_digest, schema_digest, rollback_plan_ref } as Parameters<
    typeof findStanding
  >[2]["bindings"];
  const row = await findStanding(tx, ref, { database: scope.database, bindings });
  if (row === undefined) return "FAIL:reject_rehearsal_not_on_record";
  try {
    requireUnmoved(row, sightings.get(ref));
    return undefined;
  } catch (error) {
    if (error instanceof RehearsalProblem && error.code === "REHEARSAL_STALE") return "FAIL:REHEARSAL_STALE";
    throw error;
  }
}

function withinOneSet(action: ProposedAction, scope: ScopeRow | undefined): boolean {
  const asked = action.action_set ?? [];
  return scope?.allowed_action_sets.some((allowed) => asked.every((one) => allowed.includes(one))) === true;
}
