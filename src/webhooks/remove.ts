import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { noSuchWebhook, readWebhook } from "./read.ts";
import type { Webhook } from "./schemas.ts";
import { lockWebhook, setRemoved } from "./store.ts";

/**
 * Removes a webhook for good, with its secrets; nothing further is sent to it, and what is known of its deliveries is forgotten.
 * @returns how it stood
 * @throws ServiceProblem NOT_FOUND
 */
export async function removeWebhook(tx: Tx, caller: Caller, id: string): Promise<Webhook> {
  if ((await lockWebhook(tx, id)) === undefined) throw noSuchWebhook(id);
  const webhook = await readWebhook(tx, id);
  await setRemoved(tx, id, caller.principal);
  await appendEvent(tx, caller, {
    action: "webhook.removed",
    resourceType: "webhook",
    resourceId: id,
    before: { status: webhook.status, url: webhook.url, events: webhook.events },
    after: { status: "removed", pending: webhook.pending, dead: webhook.dead },
  });
  return webhook;
}
