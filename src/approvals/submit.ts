import { type Tx, waitForStandby } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { canonicalJson, digestOfBytes } from "../kernel/json.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import { findActionType } from "./action-types/index.ts";
import { ApprovalProblem } from "./errors.ts";
import { effectiveRisk, requiredQuorum } from "./quorum.ts";
import type { ApprovalRequestInput } from "./schemas.ts";
import { findRequest, insertRequest, type RequestRow } from "./store.ts";

export const defaultDecideSeconds = 7 * 86_400;

/**
 * Stores an approval request under its digest (APR-1, APR-2). The same content again answers the stored request.
 * @throws ApprovalProblem APR_CONFLICT for other content under the same code
 * @throws ServiceProblem INVALID_REQUEST for an action type that is unknown or retired
 */
export async function submitRequest(
  tx: Tx,
  caller: Caller,
  input: ApprovalRequestInput,
): Promise<{ created: boolean; request: RequestRow }> {
  const content = canonicalJson(input);
  const digest = digestOfBytes(content);
  const stored = await findRequest(tx, input.apr_code);
  if (stored !== undefined) return standing(tx, stored, digest);

  const type = await findActionType(tx, input.proposed_action_code);
  if (type === undefined || type.status === "retired") {
    throw new ServiceProblem("INVALID_REQUEST", `There is no active action type ${input.proposed_action_code}.`, {
      errors: [
        {
          pointer: "/proposed_action_code",
          detail: "must be the code of an active action type: see GET /v1/action-types",
        },
      ],
    });
  }
  const risk = effectiveRisk(type.risk_level, input.risk);
  const rule = requiredQuorum(type, risk);
  const created = await insertRequest(tx, {
    aprCode: input.apr_code,
    digest,
    content,
    title: input.title,
    actionCode: input.proposed_action_code,
    risk,
    quorum: rule.quorum,
    councilQuorum: rule.council_quorum,
    requestedBy: caller.principal,
    decideWithinSeconds: input.decide_within_seconds ?? defaultDecideSeconds,
  });
  const request = await findRequest(tx, input.apr_code);
  if (request === undefined) throw new Error("a request that was just stored is not there");
  if (!created) return standing(tx, request, digest);
  await appendEvent(tx, caller, {
    action: "approval_request.submitted",
    resourceType: "approval_request",
    resourceId: input.apr_code,
    after: { status: "open", risk, ...rule, decide_by: request.decide_by.toISOString() },
    digests: { apr_digest: digest },
  });
  return { created: true, request };
}

async function standing(tx: Tx, stored: RequestRow, digest: string) {
  const request = sameContent(stored, digest);
  await waitForStandby(tx);
  return { created: false, request };
}

function sameContent(stored: RequestRow, digest: string): RequestRow {
  if (stored.apr_digest === digest) return stored;
  throw new ApprovalProblem("APR_CONFLICT", `${stored.apr_code} is stored with other content (${stored.apr_digest}).`);
}
