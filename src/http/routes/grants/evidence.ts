import Type from "typebox";
import { EvidenceEnvelope, evidencePage, evidencePageHeaders, gatherEvidence } from "../../../bundles/index.ts";
import { AuthCode } from "../../../grants/index.ts";
import { defineRoute } from "../../route.ts";

export const grantEvidenceRoute = defineRoute({
  method: "GET",
  url: "/v1/grants/:auth_code/evidence",
  access: "any",
  // It has the time at which it was made.
  etag: false,
  summary: "The evidence of a grant, to be checked off-line",
  description:
    "An in-toto statement in a DSSE envelope, signed with the key of the log: request, votes, signature and keys, grant, receipt, run, and each event with its proof (OPEN-5). " +
    "`docs/verify/` has a verifier and the schema of the predicate. With `Accept: text/html` it is a page to print.",
  tags: ["grants"],
  schema: {
    params: Type.Object({ auth_code: AuthCode }, { additionalProperties: false }),
    responses: { 200: EvidenceEnvelope },
    problems: ["NOT_FOUND", "EVIDENCE_NOT_SEALED", "EVIDENCE_INCOMPLETE"],
  },
  handle: async ({ tx, params, services }) => {
    const statement = await gatherEvidence(
      tx,
      services.runs.builds,
      { authCode: params.auth_code },
      services.evidence.cosigners,
    );
    return {
      status: 200,
      headers: evidencePageHeaders,
      body: services.evidence.sign(statement),
      page: evidencePage(statement),
    };
  },
});
