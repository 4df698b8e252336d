import type { Handler, RefusalLine } from "../handler.ts";
import { type Asked, firstRefusal, type Gate, mintDraft, scopeOf, sovereignGates } from "../sovereign.ts";

const gates: readonly Gate[] = [
  ...sovereignGates("authorize_sovereign_build"),
  ({ request }) =>
    request.content.proposed_action.rolls_back === undefined ? undefined : "FAIL:reject_payload_rolls_back",
];

/** Mints the draft of a commit-mode grant for a registered scope; a sovereign's signature makes it active (ESIGN-1). */
export const authorizeSovereignBuild: Handler = {
  handlerRef: "dot-apr-execute:authorize_sovereign_build",
  summary: "Mints the draft of a commit-mode grant for a registered scope.",

  async execute(tx, caller, request, sightings) {
    const scope = await scopeOf(tx, request.content.proposed_action);
    const refusal = sovereignRefusal({ request, scope });
    if (refusal !== undefined || scope === undefined) return { result: refusal ?? "FAIL:reject_scope_not_registered" };
    return mintDraft(tx, caller, request, { scope, grantedBy: authorizeSovereignBuild.handlerRef, sightings });
  },
};

/** The refusal of the gates alone: what `execute` would answer before the rehearsal and Gate E. */
export function sovereignRefusal(asked: Asked): RefusalLine | undefined {
  return firstRefusal(gates, asked);
}
