import type { Tx } from "../../database/index.ts";
import { appendEvent } from "../../evidence/index.ts";
import type { Caller } from "../../kernel/caller.ts";
import { ServiceProblem } from "../../kernel/problems.ts";
import { WebhookProblem } from "../errors.ts";
import { noSuchWebhook } from "../read.ts";
import type { Delivery } from "../schemas.ts";
import { findSecrets } from "../store.ts";
import { presentDelivery } from "./read.ts";
import { lockDelivery, setReplayed, wake } from "./store.ts";

/**
 * Sends an event again that was delivered or is dead, with all its attempts and under the same `webhook-id`. What has been sent of the same
 * resource since is not sent again: a receiver sees by `seq` that this one is older.
 * @throws ServiceProblem NOT_FOUND; WebhookProblem DELIVERY_PENDING, EVENT_RETAINED
 */
export async function replayDelivery(tx: Tx, caller: Caller, webhook: string, number: string): Promise<Delivery> {
  if ((await findSecrets(tx, webhook)) === undefined) throw noSuchWebhook(webhook);
  const row = await lockDelivery(tx, webhook, number);
  if (row === undefined) throw new ServiceProblem("NOT_FOUND", `The webhook has no delivery of event ${number}.`);
  if (row.status === "pending") {
    throw new WebhookProblem("DELIVERY_PENDING", `Its next attempt is at ${row.next_attempt_at.toISOString()}.`);
  }
  if (!row.has_event) throw new WebhookProblem("EVENT_RETAINED", `Event ${number} is no longer in the database.`);
  const replayed = await setReplayed(tx, webhook, number);
  await wake(tx, [{ lane: row.lane, webhook }]);
  await appendEvent(tx, caller, {
    action: "webhook.replayed",
    resourceType: "webhook",
    resourceId: webhook,
    before: { number: Number(number), status: row.status },
    after: { number: Number(number), status: "pending", replays: replayed.replays },
  });
  return presentDelivery(replayed);
}
