/** A webhook is sent to while it is enabled. Disabled, it waits: nothing that happens meanwhile is lost to it. Removed is for good. */
export const webhookStatuses = ["enabled", "disabled"] as const;
export type WebhookStatus = (typeof webhookStatuses)[number];

export const webhookTransitions: Readonly<
  Record<WebhookStatus | "removed", readonly { to: WebhookStatus | "removed"; by: string }[]>
> = {
  enabled: [
    { to: "disabled", by: "disable" },
    { to: "removed", by: "remove" },
  ],
  disabled: [
    { to: "enabled", by: "enable" },
    { to: "removed", by: "remove" },
  ],
  removed: [],
};

export function webhookStatus(webhook: { disabled_at: Date | null }): WebhookStatus {
  return webhook.disabled_at === null ? "enabled" : "disabled";
}

/** A delivery is pending until a receiver has taken it or the last attempt has failed. What has ended is sent again by a replay alone. */
export const deliveryStatuses = ["pending", "delivered", "dead"] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

export const deliveryTransitions: Readonly<Record<DeliveryStatus, readonly { to: DeliveryStatus; by: string }[]>> = {
  pending: [
    { to: "delivered", by: "an answer 2xx" },
    { to: "dead", by: "the last attempt failing" },
  ],
  delivered: [{ to: "pending", by: "replay" }],
  dead: [{ to: "pending", by: "replay" }],
};
