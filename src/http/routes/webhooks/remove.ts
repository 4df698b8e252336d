import Type from "typebox";
import { removeWebhook, Webhook, WebhookId } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const removeWebhookRoute = defineRoute({
  method: "DELETE",
  url: "/v1/webhooks/:id",
  access: ["admin"],
  audit: "webhook.removed",
  summary: "Remove a webhook",
  description: "For good, with its secrets and what waits for it. The answer says how it stood.",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId }, { additionalProperties: false }),
    responses: { 200: Webhook },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, caller, params }) => ({ status: 200, body: await removeWebhook(tx, caller, params.id) }),
});
