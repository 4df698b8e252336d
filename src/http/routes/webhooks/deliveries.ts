import Type from "typebox";
import { Cursor, Limit, Page } from "../../../kernel/schemas.ts";
import { Delivery, deliveryStatuses, listDeliveries, WebhookId } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const listDeliveriesRoute = defineRoute({
  method: "GET",
  url: "/v1/webhooks/:id/deliveries",
  access: ["admin"],
  summary: "List what a webhook was and will be told",
  description:
    "The newest event first. `status=dead` are the dead letters: all attempts at them have failed, and what came after them of the same " +
    "resource has been sent since. Deliveries that went well are shown for WEBHOOK_KEEP_DAYS.",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId }, { additionalProperties: false }),
    query: Type.Object(
      { limit: Limit, cursor: Cursor, status: Type.Optional(Type.Enum([...deliveryStatuses])) },
      { additionalProperties: false },
    ),
    responses: { 200: Page(Delivery) },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params, query }) => ({ status: 200, body: await listDeliveries(tx, params.id, query) }),
});
