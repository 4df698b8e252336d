import Type from "typebox";
import { enableWebhook, Webhook, WebhookId } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const enableWebhookRoute = defineRoute({
  method: "POST",
  url: "/v1/webhooks/:id/enable",
  access: ["admin"],
  audit: "webhook.enabled",
  summary: "Enable a webhook",
  description:
    "It goes on where it was stopped: what has happened meanwhile is sent as well. Enabling again changes nothing.",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId }, { additionalProperties: false }),
    body: Type.Object({}, { additionalProperties: false }),
    responses: { 200: Webhook },
    problems: ["NOT_FOUND"],
  },
  bodyOptional: true,
  handle: async ({ tx, caller, params }) => ({ status: 200, body: await enableWebhook(tx, caller, params.id) }),
});
