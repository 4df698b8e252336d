import Type from "typebox";
import { EvidenceEnvelope, evidencePage, evidencePageHeaders, gatherEvidence } from "../../../bundles/index.ts";
import { Root } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const runEvidenceRoute = defineRoute({
  method: "GET",
  url: "/v1/runs/:root/evidence",
  access: "any",
  // It has the time at which it was made.
  etag: false,
  summary: "The evidence of a run, to be checked off-line",
  description:
    "What let it in (its grant, or the M-1 record of its step), its states with what each has changed, the digests of backups, and its events. " +
    "See `GET /v1/grants/{auth_code}/evidence` (OPEN-5).",
  tags: ["runs"],
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    responses: { 200: EvidenceEnvelope },
    problems: ["NOT_FOUND", "EVIDENCE_NOT_SEALED", "EVIDENCE_INCOMPLETE"],
  },
  handle: async ({ tx, params, services }) => {
    const { runs, evidence } = services;
    const statement = await gatherEvidence(tx, runs.builds, { root: params.root }, evidence.cosigners);
    return {
      status: 200,
      headers: evidencePageHeaders,
      body: services.evidence.sign(statement),
      page: evidencePage(statement),
    };
  },
});
