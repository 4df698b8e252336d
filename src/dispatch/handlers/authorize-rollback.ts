import type { Tx } from "../../database/index.ts";
import { findRun } from "../../runs/index.ts";
import type { ScopeRow } from "../../scopes/index.ts";
import type { Handler, RefusalLine } from "../handler.ts";
import { firstRefusal, type Gate, mintDraft, scopeOf, sovereignGates } from "../sovereign.ts";

/** The acts of a rollback, and nothing that builds (RUN-6). */
const acts: ReadonlySet<string> = new Set(["dot_c1_retire_value", "dot_c1_supersede_value", "dot_c1_restore_value"]);

const gates: readonly Gate[] = [
  ...sovereignGates("authorize_rollback"),
  ({ request }) =>
    request.content.proposed_action.rolls_back === undefined ? "FAIL:reject_payload_rolls_back" : undefined,
  ({ request }) =>
    (request.content.proposed_action.action_set ?? []).every((action) => acts.has(action))
      ? undefined
      : "FAIL:reject_action_set_not_allowed",
];

/** Mints the draft of the grant that rolls a finished run back: an act of its own (RUN-6). */
export const authorizeRollback: Handler = {
  handlerRef: "dot-apr-execute:authorize_rollback",
  summary: "Mints the draft of the grant that rolls back a finished run.",

  async execute(tx, caller, request, sightings) {
    const action = request.content.proposed_action;
    const scope = await scopeOf(tx, action);
    const refusal = firstRefusal(gates, { request, scope });
    const { rolls_back: rollsBack } = action;
    if (refusal !== undefined || scope === undefined || rollsBack === undefined) {
      return { result: refusal ?? "FAIL:reject_scope_not_registered" };
    }
    const fault = await faultOfRun(tx, rollsBack, scope);
    if (fault !== undefined) return { result: fault };
    return mintDraft(tx, caller, request, { scope, grantedBy: authorizeRollback.handlerRef, rollsBack, sightings });
  },
};

/** Only a run that has finished, for real and in this scope's place, is rolled back. */
async function faultOfRun(tx: Tx, root: string, scope: ScopeRow): Promise<RefusalLine | undefined> {
  const run = await findRun(tx, root);
  if (run === undefined) return "FAIL:reject_run_not_on_record";
  if (run.mode !== "commit" || run.status !== "succeeded") return "FAIL:reject_run_not_finished";
  const here = run.environment === scope.environment && run.database === scope.database;
  return here ? undefined : "FAIL:reject_run_of_another_scope";
}
