import Type from "typebox";
import { Delivery, DeliveryNumber, replayDelivery, WebhookId } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const replayDeliveryRoute = defineRoute({
  method: "POST",
  url: "/v1/webhooks/:id/deliveries/:number/replay",
  access: ["admin"],
  audit: "webhook.replayed",
  summary: "Send an event to a webhook again",
  description:
    "For a dead letter, or for what was delivered and lost there. It has the same `webhook-id` as before, and all attempts again. It is " +
    "older than what was sent of the same resource since: `data.seq` says so.",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId, number: DeliveryNumber }, { additionalProperties: false }),
    body: Type.Object({}, { additionalProperties: false }),
    responses: { 200: Delivery },
    problems: ["NOT_FOUND", "DELIVERY_PENDING", "EVENT_RETAINED"],
  },
  bodyOptional: true,
  handle: async ({ tx, caller, params }) => ({
    status: 200,
    body: await replayDelivery(tx, caller, params.id, params.number),
  }),
});
