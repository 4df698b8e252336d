import type { ProposedAction, RequestForExecution } from "../approvals/index.ts";
import { mintGrant } from "../grants/index.ts";
import type { Handler, RefusalLine } from "./handler.ts";
import { mintOrder, mintResult, missingField } from "./mint-order.ts";

/** What a handler of rehearsals mints for, and nothing else (MINT-1, MINT-7). */
export interface DryRun {
  readonly actionCode: string;
  readonly summary: string;
  readonly place: { readonly carrier: string; readonly namespace: string; readonly axis: string };
  /** One of these, exactly. */
  readonly targets: readonly string[];
  /** What it answers for any other place. */
  readonly elsewhere: RefusalLine;
}

const allowedEnvironment = /^rehearsal(-[a-z0-9][a-z0-9_-]*)?$/;

/** A handler that mints dry-run grants for one fixed place (MINT-1 to MINT-7). */
export function dryRunHandler(what: DryRun): Handler {
  const handlerRef = `dot-apr-execute:${what.actionCode}`;
  return {
    handlerRef,
    summary: what.summary,

    async execute(tx, caller, request) {
      const refusal = dryRunRefusal(what, request);
      if (refusal !== undefined) return { result: refusal };
      const { environment = "", target = "", rolls_back } = request.content.proposed_action;
      const place = { ...what.place, target, environment };
      // A rollback is rehearsed like a build: the grant then says which run it is about.
      const order = mintOrder(request, { mode: "dry-run", place, grantedBy: handlerRef, rollsBack: rolls_back });
      return mintResult(await mintGrant(tx, caller, order));
    },
  };
}

/**
 * The refusal of the gates alone, without a database, in their order: the first that answers is the result (MINT-1).
 * Gate E is `mintGrant`'s.
 */
export function dryRunRefusal(what: DryRun, request: RequestForExecution): RefusalLine | undefined {
  if (request.actionCode !== what.actionCode) return "SKIP:reject_action_superset";
  if (request.content.commit !== false) return "FAIL:reject_real_run_commit_not_allowed";
  if (request.risk === "sovereign") return "FAIL:reject_sovereign_risk";
  if (!inScope(what, request.content.proposed_action)) return what.elsewhere;
  if (!request.quorumPassed) return "FAIL:reject_quorum_not_passed";
  return missingField(request.content.proposed_action);
}

function inScope({ place, targets }: DryRun, action: ProposedAction): boolean {
  const fixed = (Object.keys(place) as (keyof typeof place)[]).every((name) => action[name] === place[name]);
  return fixed && targets.includes(action.target ?? "") && allowedEnvironment.test(action.environment ?? "");
}
