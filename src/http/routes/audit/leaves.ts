import Type from "typebox";
import { LogLeaves, readLeaves } from "../../../evidence/index.ts";
import { defineRoute } from "../../route.ts";

export const listAuditLeaves = defineRoute({
  method: "GET",
  url: "/v1/audit/leaves",
  access: ["auditor"],
  summary: "The leaves of the audit log, in their order",
  description:
    "For an export that is checked off-line: each with its whole event, from `start` on, as far as the latest signed head reaches (AUDIT-2).",
  tags: ["audit"],
  schema: {
    query: Type.Object(
      {
        start: Type.Optional(Type.Integer({ minimum: 0, description: "The first leaf; 0 if absent." })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      },
      { additionalProperties: false },
    ),
    responses: { 200: LogLeaves },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await readLeaves(tx, query.start ?? 0, query.limit ?? 200) }),
});
