import Type from "typebox";
import { ConsistencyProof, LogSize, readConsistency } from "../../../evidence/index.ts";
import { defineRoute } from "../../route.ts";

export const proveAuditConsistency = defineRoute({
  method: "GET",
  url: "/v1/audit/proofs/consistency",
  access: ["auditor"],
  summary: "Prove that the audit log has only grown",
  tags: ["audit"],
  schema: {
    query: Type.Object({ first: LogSize, second: Type.Optional(LogSize) }, { additionalProperties: false }),
    responses: { 200: ConsistencyProof },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await readConsistency(tx, query.first, query.second) }),
});
