import Type from "typebox";
import { Cursor, Limit, Page } from "../../../kernel/schemas.ts";
import { listWebhooks, Webhook, webhookStatuses } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const listWebhooksRoute = defineRoute({
  method: "GET",
  url: "/v1/webhooks",
  access: ["admin"],
  summary: "List webhooks",
  tags: ["webhooks"],
  schema: {
    query: Type.Object(
      { limit: Limit, cursor: Cursor, status: Type.Optional(Type.Enum([...webhookStatuses])) },
      { additionalProperties: false },
    ),
    responses: { 200: Page(Webhook) },
  },
  handle: async ({ tx, query }) => ({ status: 200, body: await listWebhooks(tx, query) }),
});
