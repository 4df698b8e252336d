import Type from "typebox";
import { rotateSecret, showSecretAgain, WebhookId, WebhookWithSecret, withoutSecret } from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const rotateWebhookRoute = defineRoute({
  method: "POST",
  url: "/v1/webhooks/:id/rotate",
  access: ["admin"],
  audit: "webhook.rotated",
  summary: "Give a webhook another secret",
  description:
    "Deliveries are signed with both secrets until `former_secret_until` (WEBHOOK_OVERLAP_SECONDS), each signature in `webhook-signature`, " +
    "apart by a space; then with the new one alone. A secret that was before these two is forgotten at once.",
  tags: ["webhooks"],
  schema: {
    params: Type.Object({ id: WebhookId }, { additionalProperties: false }),
    body: Type.Object({}, { additionalProperties: false }),
    responses: { 200: WebhookWithSecret },
    problems: ["NOT_FOUND"],
  },
  bodyOptional: true,
  handle: async ({ tx, caller, params, services }) => ({
    status: 200,
    body: await rotateSecret(tx, caller, services.serverKeys, services.webhooks, params.id),
  }),
  secret: {
    withhold: (body) => withoutSecret(body as WebhookWithSecret),
    restore: ({ tx, services }, kept) => showSecretAgain(tx, services.serverKeys, kept as WebhookWithSecret),
  },
});
