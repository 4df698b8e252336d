import {
  registerWebhook,
  showSecretAgain,
  WebhookInput,
  WebhookWithSecret,
  withoutSecret,
} from "../../../webhooks/index.ts";
import { defineRoute } from "../../route.ts";

export const registerWebhookRoute = defineRoute({
  method: "POST",
  url: "/v1/webhooks",
  access: ["admin"],
  audit: "webhook.registered",
  summary: "Register a webhook",
  description:
    "From its registration on it is told of every event that one of the patterns takes in: by POST, at least once, in order for each " +
    "resource, signed by Standard Webhooks. The answer is the only one with the secret.",
  tags: ["webhooks"],
  schema: {
    body: WebhookInput,
    responses: { 201: WebhookWithSecret },
    problems: ["WEBHOOK_URL_REFUSED", "WEBHOOK_LIMIT"],
  },
  handle: async ({ tx, caller, body, services }) => ({
    status: 201,
    body: await registerWebhook(tx, caller, services.serverKeys, services.webhooks, body),
  }),
  secret: {
    withhold: (body) => withoutSecret(body as WebhookWithSecret),
    restore: ({ tx, services }, kept) => showSecretAgain(tx, services.serverKeys, kept as WebhookWithSecret),
  },
});
