import Type from "typebox";
import { AuditEvent, listEvents } from "../../../evidence/index.ts";
import { Cursor, Limit, Name, Page, TimestampInput } from "../../../kernel/schemas.ts";
import { defineRoute } from "../../route.ts";

export const listAuditEvents = defineRoute({
  method: "GET",
  url: "/v1/audit/events",
  access: ["auditor"],
  summary: "List audit events",
  description: "Each was written in the transaction of the transition that it tells of (AUDIT-1).",
  tags: ["audit"],
  schema: {
    query: Type.Object(
      {
        limit: Limit,
        cursor: Cursor,
        actor: Type.Optional(Name(200)),
        action: Type.Optional(Name(100)),
        resource_type: Type.Optional(Name(60)),
        resource_id: Type.Optional(Name(200)),
        from: Type.Optional(Type.String({ ...TimestampInput, description: "Not before this time." })),
        to: Type.Optional(Type.String({ ...TimestampInput, description: "Before this time." })),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Page(AuditEvent) },
  },
  handle: async ({ tx, query }) => {
    const { limit: _, cursor: __, resource_type: resourceType, resource_id: resourceId, ...same } = query;
    return { status: 200, body: await listEvents(tx, { ...same, resourceType, resourceId }, query) };
  },
});
