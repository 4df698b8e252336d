import type { Tx } from "../database/index.ts";
import { appendEvent } from "../evidence/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { pendingLanes, wake } from "./deliveries/store.ts";
import { noSuchWebhook, readWebhook } from "./read.ts";
import type { Webhook } from "./schemas.ts";
import { webhookStatus } from "./states.ts";
import { lockWebhook, setDisabled } from "./store.ts";

/** Woken at once; the rest are found by the next look for lanes that nobody carries. */
const wokenAtOnce = 1_000;

/** Sends nothing to it until it is enabled; an attempt under way still ends. @throws ServiceProblem NOT_FOUND */
export async function disableWebhook(tx: Tx, caller: Caller, id: string): Promise<Webhook> {
  const row = await lockWebhook(tx, id);
  if (row === undefined) throw noSuchWebhook(id);
  if (webhookStatus(row) === "disabled") return readWebhook(tx, id);
  await setDisabled(tx, id, caller.principal);
  await appendEvent(tx, caller, {
    action: "webhook.disabled",
    resourceType: "webhook",
    resourceId: id,
    before: { status: "enabled" },
    after: { status: "disabled" },
  });
  return readWebhook(tx, id);
}

/** Goes on where it stopped: what has happened meanwhile is sent as well. @throws ServiceProblem NOT_FOUND */
export async function enableWebhook(tx: Tx, caller: Caller, id: string): Promise<Webhook> {
  const row = await lockWebhook(tx, id);
  if (row === undefined) throw noSuchWebhook(id);
  if (webhookStatus(row) === "enabled") return readWebhook(tx, id);
  await setDisabled(tx, id, null);
  const lanes = await pendingLanes(tx, id, wokenAtOnce);
  await wake(
    tx,
    lanes.map((lane) => ({ lane, webhook: id })),
    true,
  );
  await appendEvent(tx, caller, {
    action: "webhook.enabled",
    resourceType: "webhook",
    resourceId: id,
    before: { status: "disabled" },
    after: { status: "enabled" },
  });
  return readWebhook(tx, id);
}
