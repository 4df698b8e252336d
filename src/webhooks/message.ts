import type { WebhookMessage } from "./schemas.ts";

export interface MessageEvent {
  readonly seq: number;
  readonly occurred_at: Date;
  readonly actor: string;
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string;
  readonly request_id: string;
  readonly after: unknown;
  readonly digests: unknown;
}

/** `webhook-id`: the same at each attempt and replay of one event to one webhook. */
export function messageId(webhook: string, seq: string | number): string {
  return `msg_${webhook.replaceAll("-", "")}_${seq}`;
}

/** The body of a delivery. What an event says of the state before is what the event before it said. */
export function messageOf(event: MessageEvent): string {
  const message: WebhookMessage = {
    type: event.action,
    timestamp: event.occurred_at.toISOString(),
    data: {
      seq: event.seq,
      action: event.action,
      resource_type: event.resource_type,
      resource_id: event.resource_id,
      actor: event.actor,
      request_id: event.request_id,
      digests: event.digests,
      after: event.after,
    },
  };
  return JSON.stringify(message);
}
