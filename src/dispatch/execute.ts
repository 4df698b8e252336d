import { findActionType, lockForExecution, recordResult } from "../approvals/index.ts";
import type { Tx } from "../database/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { Sightings } from "../rehearsals/index.ts";
import { DispatchProblem } from "./errors.ts";
import type { Outcome } from "./handler.ts";
import { findHandler } from "./registry.ts";

/**
 * Routes an approval request to the handler that its action type names, and stores the protocol line with the request
 * (APR-6). What has no handler, or whose type is retired, fails closed (APR-4).
 * @param aprDigest what the dispatcher signed: must be that of the stored request (APR-7)
 * @param sightings how the target of the rehearsal looks that the request names (OPEN-1)
 * @throws ServiceProblem NOT_FOUND; DispatchProblem SYNC_SIGNATURE_INVALID for the digest of other content
 */
export async function executeRequest(
  tx: Tx,
  caller: Caller,
  aprCode: string,
  aprDigest: string,
  sightings: Sightings,
): Promise<Outcome> {
  const request = await lockForExecution(tx, aprCode);
  if (request.digest !== aprDigest) {
    throw new DispatchProblem("SYNC_SIGNATURE_INVALID", "The signature is over the digest of other content.", {
      errors: [{ pointer: "/apr_digest", detail: "must be the digest of the request as it is stored" }],
    });
  }
  const type = await findActionType(tx, request.actionCode);
  const handler = type === undefined ? undefined : findHandler(type.handler_ref);
  const outcome: Outcome =
    type?.status === "retired"
      ? { result: "FAIL:action_type_retired" }
      : handler === undefined
        ? { result: "FAIL:unimplemented" }
        : await handler.execute(tx, caller, request, sightings);
  const authCode = outcome.result === "OK" ? outcome.grant.auth_code : undefined;
  // Asked again for what was done, nothing changes: the request has its result, and its event, from the first time.
  if (outcome.result === "OK" && outcome.replayed) return outcome;
  await recordResult(tx, caller, request, { result: outcome.result, authCode });
  return outcome;
}
