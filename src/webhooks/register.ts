import { randomUUID } from "node:crypto";
import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import type { ServerKeys } from "../kernel/server-keys.ts";
import { WebhookProblem } from "./errors.ts";
import { readWebhook } from "./read.ts";
import type { WebhookInput, WebhookWithSecret } from "./schemas.ts";
import { newSecret, sealSecret } from "./secrets.ts";
import { TargetRefused } from "./send/guard.ts";
import type { WebhookServices } from "./services.ts";
import { insertWebhook, lockRegistrations, startAtOwnEvent } from "./store.ts";

const most = 100;

/**
 * Registers a webhook: it is told of every event that comes after that of its registration, and the answer is the only one with its secret.
 * @throws WebhookProblem WEBHOOK_URL_REFUSED, WEBHOOK_LIMIT
 */
export async function registerWebhook(
  tx: Tx,
  caller: Caller,
  keys: ServerKeys,
  services: WebhookServices,
  input: WebhookInput,
): Promise<WebhookWithSecret> {
  const url = judged(services, input.url);
  if ((await lockRegistrations(tx)) >= most) {
    throw new WebhookProblem("WEBHOOK_LIMIT", `There are ${most} webhooks already.`);
  }
  const id = randomUUID();
  const secret = newSecret();
  const description = input.description ?? null;
  await insertWebhook(tx, {
    id,
    url,
    events: input.events,
    description,
    secret: sealSecret(keys, id, secret),
    by: caller.principal,
  });
  await appendEvent(tx, caller, {
    action: "webhook.registered",
    resourceType: "webhook",
    resourceId: id,
    after: { status: "enabled", url, events: input.events, description },
  });
  await startAtOwnEvent(tx, id);
  return { ...(await readWebhook(tx, id)), secret };
}

function judged({ guard }: WebhookServices, text: string): string {
  try {
    return guard.url(text).href;
  } catch (error) {
    if (!(error instanceof TargetRefused)) throw error;
    throw new WebhookProblem("WEBHOOK_URL_REFUSED", `${error.message[0]?.toUpperCase()}${error.message.slice(1)}.`, {
      errors: [{ pointer: "/url", detail: error.message }],
    });
  }
}
