import Type from "typebox";
import { disableWebhook, Webhook, WebhookId } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const disableWebhookRoute = defineRoute({
  method: "POST",
  url: "/v1/webhooks/:id/disable",
  access: ["admin"],
  audit: "webhook.disabled",
  summary: "Disable a webhook",
  description:
    "Nothing is sent to it until it is enabled; nothing is lost meanwhile, as long as the months of its events are in the database. Disabling again changes nothing.",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId }, { additionalProperties: false }),
    body: Type.Object({}, { additionalProperties: false }),
    responses: { 200: Webhook },
    problems: ["NOT_FOUND"],
  },
  bodyOptional: true,
  handle: async ({ tx, caller, params }) => ({ status: 200, body: await disableWebhook(tx, caller, params.id) }),
});
