import Type from "typebox";
import { readWebhook, Webhook, WebhookId } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const readWebhookRoute = defineRoute({
  method: "GET",
  url: "/v1/webhooks/:id",
  access: ["admin"],
  summary: "Read one webhook",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId }, { additionalProperties: false }),
    responses: { 200: Webhook },
    problems: ["NOT_FOUND"],
  },
  handle: async ({ tx, params }) => ({ status: 200, body: await readWebhook(tx, params.id) }),
});
