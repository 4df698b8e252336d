export { WebhookProblem } from "./errors.ts";
export { listDeliveries } from "./deliveries/read.ts";
export { replayDelivery } from "./deliveries/replay.ts";
export { listWebhooks, readWebhook } from "./read.ts";
export { registerWebhook } from "./register.ts";
export { removeWebhook } from "./remove.ts";
export { rotateSecret, showSecretAgain, withoutSecret } from "./rotate.ts";
export {
  Delivery,
  DeliveryNumber,
  Webhook,
  WebhookId,
  WebhookInput,
  WebhookMessage,
  WebhookWithSecret,
} from "./schemas.ts";
export { resolveName } from "./send/resolve.ts";
export { makeSender } from "./send/send.ts";
export { makeWebhookServices, type WebhookServices } from "./services.ts";
export { deliveryStatuses, deliveryTransitions, webhookStatuses, webhookTransitions } from "./states.ts";
export { disableWebhook, enableWebhook } from "./switch.ts";
export { makeTeller, type Teller } from "./teller.ts";
