import type { Tx } from "../../database/index.ts";
import { pageOf, pageRequest } from "../../kernel/paging.ts";
import type { PageOf } from "../../kernel/schemas.ts";
import { messageId } from "../message.ts";
import { readWebhook } from "../read.ts";
import type { Delivery } from "../schemas.ts";
import type { DeliveryStatus } from "../states.ts";
import { type DeliveryRow, selectDeliveries } from "./store.ts";

/** What a webhook was and will be told, the newest event first. @throws ServiceProblem NOT_FOUND */
export async function listDeliveries(
  tx: Tx,
  webhook: string,
  query: { limit?: number; cursor?: string; status?: DeliveryStatus },
): Promise<PageOf<Delivery>> {
  await readWebhook(tx, webhook);
  const page = pageRequest(query, ["number"]);
  const rows = await selectDeliveries(tx, webhook, query.status, page);
  return pageOf(rows, page.limit, (row) => [row.event_seq], presentDelivery);
}

export function presentDelivery(row: DeliveryRow): Delivery {
  return {
    number: Number(row.event_seq),
    message_id: messageId(row.webhook_id, row.event_seq),
    action: row.action,
    resource_type: row.resource_type,
    resource_id: row.resource_id,
    occurred_at: row.occurred_at.toISOString(),
    status: row.status,
    attempts: row.attempts,
    replays: row.replays,
    created_at: row.created_at.toISOString(),
    next_attempt_at: row.status === "pending" ? row.next_attempt_at.toISOString() : null,
    last_attempt_at: row.last_attempt_at?.toISOString() ?? null,
    ended_at: row.ended_at?.toISOString() ?? null,
    answer_status: row.answer_status,
    error: row.error,
  };
}
