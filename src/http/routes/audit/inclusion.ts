import Type from "typebox";
import { InclusionProof, LogSize, readInclusion } from "../../../evidence/index.ts";
import { defineRoute } from "../../route.ts";

export const proveAuditInclusion = defineRoute({
  method: "GET",
  url: "/v1/audit/proofs/inclusion",
  access: ["auditor"],
  summary: "Prove that an event is in the audit log",
  tags: ["audit"],
  schema: {
    query: Type.Object(
      {
        seq: Type.Integer({ minimum: 1, description: "The event's number." }),
        size: Type.Optional(LogSize),
      },
      { additionalProperties: false },
    ),
    responses: { 200: InclusionProof },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await readInclusion(tx, query.seq, query.size) }),
});
