import Type from "typebox";
import { EvidenceEnvelope, evidencePage, gatherEvidence } from "../../../bundles/index.ts";
import { presentRun, Root } from "../../../runs/index.ts";
import { defineRoute } from "../../route.ts";

export const runEvidenceRoute = defineRoute({
  method: "GET",
  url: "/v1/runs/:root/evidence",
  access: "any",
  // It has the time at which it was made.
  etag: false,
  summary: "The evidence of a run, to be checked off-line",
  description:
    "That of its grant, with the run and its events in it. See `GET /v1/grants/{auth_code}/evidence` (OPEN-5).",
  tags: ["runs"],
  schema: {
    params: Type.Object({ root: Root }, { additionalProperties: false }),
    responses: { 200: EvidenceEnvelope },
    problems: ["NOT_FOUND", "EVIDENCE_NOT_SEALED"],
  },
  handle: async ({ tx, params, services }) => {
    const { auth_code: authCode } = await presentRun(tx, services.runs.builds, params.root);
    const subject = { authCode, root: params.root };
    const statement = await gatherEvidence(tx, services.runs.builds, subject, services.evidence.cosignatures);
    return { status: 200, body: services.evidence.sign(statement), page: evidencePage(statement) };
  },
});
