import type { IncomingHttpHeaders } from "node:http";
import Type from "typebox";
import { AprCode, rehearsalOf } from "../../../approvals/index.ts";
import { DispatchProblem, executeRequest, type Outcome, requireSyncSignature } from "../../../dispatch/index.ts";
import { Grant } from "../../../grants/index.ts";
import { Digest } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

const Executed = Type.Object(
  {
    result: Type.Literal("OK"),
    apr_code: AprCode,
    auth_code: Type.String(),
    replayed: Type.Boolean({ description: "The request had its grant already; it is answered again." }),
    grant: Grant,
  },
  { additionalProperties: false },
);

export const executeApprovalRequest = defineRoute({
  method: "POST",
  url: "/v1/approval-requests/:apr_code/execute",
  access: ["dispatcher"],
  audit: "approval_request.executed",
  dryRun: true,
  summary: "Execute an approved request",
  description:
    "Runs the handler that the action type routes to. Needs the role dispatcher and a signature made with SYNC_SECRET " +
    "over the body (APR-7), in the Standard Webhooks headers `webhook-id`, `webhook-timestamp`, `webhook-signature`. " +
    "`OK` answers 201 (minted) or 200 (replayed), `SKIP:…` 409, `FAIL:…` 422. `Accept: text/plain` answers the bare line.",
  tags: ["approval requests"],
  schema: {
    params: Type.Object({ apr_code: AprCode }, { additionalProperties: false }),
    body: Type.Object({ apr_code: AprCode, apr_digest: Digest }, { additionalProperties: false }),
    responses: { 200: Executed, 201: Executed },
    problems: [
      "REHEARSAL_UNSEEN",
      "SYNC_SIGNATURE_INVALID",
      "NOT_FOUND",
      "APR_NOT_OPEN",
      "EXECUTION_SKIPPED",
      "EXECUTION_FAILED",
    ],
  },
  countsAs: "mint",
  authorize: ({ tx, caller, params, body, headers, rawBody, services }) =>
    requireSyncSignature(tx, caller, services.syncKey, {
      headers: signatureHeaders(headers),
      rawBody,
      aprCode: params.apr_code,
      signedAprCode: body.apr_code,
    }),
  async sees({ services, params }) {
    const ref = await services.database.transact((tx) => rehearsalOf(tx, params.apr_code), { readOnly: true });
    return services.runs.see(ref === undefined ? [] : [ref]);
  },
  async handle({ tx, caller, params, body, sightings }) {
    const outcome = await executeRequest(tx, caller, params.apr_code, body.apr_digest, sightings);
    if (outcome.result !== "OK") return { problem: refusal(params.apr_code, outcome.result), text: outcome.result };
    const { grant, replayed } = outcome;
    const { result } = outcome;
    const executed = { result, apr_code: params.apr_code, auth_code: grant.auth_code, replayed, grant };
    return replayed
      ? { status: 200, text: result, outcome: "replayed", body: executed }
      : { status: 201, text: result, body: executed };
  },
});

/** A refusal is on record with the request, so it is answered and not thrown (APR-9). */
function refusal(aprCode: string, result: Exclude<Outcome["result"], "OK">) {
  const code = result.startsWith("SKIP:") ? "EXECUTION_SKIPPED" : "EXECUTION_FAILED";
  return new DispatchProblem(code, `${aprCode}: ${result}`, { members: { result, apr_code: aprCode } });
}

function signatureHeaders(headers: IncomingHttpHeaders) {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  };
  return { id: one("webhook-id"), timestamp: one("webhook-timestamp"), signature: one("webhook-signature") };
}
