import type { Tx } from "../database/index.ts";
import { logStanding } from "./log/store.ts";
import { type OpenRow, standing } from "./store.ts";
import { type WebhookStanding, webhookStanding } from "./webhooks/store.ts";

/** What is open, and how far the audit log is behind. */
export interface Standing extends OpenRow, WebhookStanding {
  readonly log_size: number;
  readonly log_unsealed_events: number;
  readonly log_unsealed_seconds: number;
}

/** What a watcher of the service wants to know at any time: nothing here reads more than what is open (OPEN-6). */
export async function readStanding(tx: Tx): Promise<Standing> {
  const { size, unsealed, behind } = await logStanding(tx, 0);
  const log = { log_size: size, log_unsealed_events: unsealed, log_unsealed_seconds: behind };
  return { ...(await standing(tx)), ...(await webhookStanding(tx)), ...log };
}
