import type { Tx } from "../database/index.ts";
import { pageOf, pageRequest } from "../kernel/paging.ts";
import { ServiceProblem } from "../kernel/problems.ts";
import type { PageOf } from "../kernel/schemas.ts";
import type { Webhook } from "./schemas.ts";
import { type WebhookStatus, webhookStatus } from "./states.ts";
import { findWebhook, selectWebhooks, type WebhookRow } from "./store.ts";

/** The webhooks that were not removed, the latest registered first. Never with a secret. */
export async function listWebhooks(
  tx: Tx,
  query: { limit?: number; cursor?: string; status?: WebhookStatus },
): Promise<PageOf<Webhook>> {
  const page = pageRequest(query, ["microseconds", "name"]);
  const rows = await selectWebhooks(tx, query.status, page);
  return pageOf(rows, page.limit, (row) => [row.position, row.id], presentWebhook);
}

/** One webhook, without its secret. @throws ServiceProblem NOT_FOUND, also where it was removed */
export async function readWebhook(tx: Tx, id: string): Promise<Webhook> {
  const row = await findWebhook(tx, id);
  if (row === undefined) throw noSuchWebhook(id);
  return presentWebhook(row);
}

export function noSuchWebhook(id: string): Error {
  return new ServiceProblem("NOT_FOUND", `There is no webhook ${id}.`);
}

function presentWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    url: row.url,
    events: row.events,
    description: row.description,
    status: webhookStatus(row),
    created_at: row.created_at.toISOString(),
    created_by: row.created_by,
    disabled_at: row.disabled_at?.toISOString() ?? null,
    disabled_by: row.disabled_by,
    secret_set_at: row.secret_set_at.toISOString(),
    former_secret_until: row.former_until?.toISOString() ?? null,
    cursor: Number(row.cursor_seq),
    pending: row.pending,
    dead: row.dead,
    rests_until: row.rests_until?.toISOString() ?? null,
  };
}
