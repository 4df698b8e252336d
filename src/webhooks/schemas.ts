import Type, { type Static } from "typebox";
import { Json, Principal, Prose, Timestamp } from "../kernel/schemas.ts";
import { deliveryStatuses, webhookStatuses } from "./states.ts";

const closed = { additionalProperties: false } as const;
const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const WebhookId = Type.String({
  format: "uuid",
  pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
  examples: ["5b1c0a52-6f58-4f6e-9d0c-2f9b8f3b7a10"],
});

/** The number of an event, as it stands in a path. */
export const DeliveryNumber = Type.String({
  pattern: "^[1-9][0-9]{0,14}$",
  description: "The number (`seq`) of the event that is delivered.",
  examples: ["4711"],
});

const Pattern = Type.String({
  pattern: "^(?:\\*|[a-z_]{1,60}\\.(?:[a-z_]{1,60}|\\*))$",
  description: "An action (`grant.consumed`), all actions of a resource (`run.*`), or everything (`*`).",
  examples: ["grant.consumed"],
});

export const WebhookInput = Type.Object(
  {
    url: Type.String({
      minLength: 10,
      maxLength: 2000,
      pattern: "^https?://[^\\s]+$",
      description:
        "Where events are sent, by POST: https, a host that the outside reaches, port 443 or from 1024 on, no user, password or fragment. " +
        "Private networks and http only as WEBHOOK_ALLOW_NETWORKS and WEBHOOK_ALLOW_HTTP say.",
      examples: ["https://hooks.example.com/countersign"],
    }),
    events: Type.Array(Pattern, {
      minItems: 1,
      maxItems: 50,
      uniqueItems: true,
      description: "What it is told of: audit actions, the same that `GET /v1/audit/events` lists.",
      examples: [["grant.consumed", "run.*"]],
    }),
    description: Type.Optional(Prose(2000, { examples: ["The change calendar."] })),
  },
  closed,
);
export type WebhookInput = Static<typeof WebhookInput>;

const shown = {
  id: WebhookId,
  url: Type.String(),
  events: Type.Array(Type.String()),
  description: nullable(Type.String()),
  status: Type.Enum([...webhookStatuses]),
  created_at: Timestamp,
  created_by: Principal,
  disabled_at: nullable(Timestamp),
  disabled_by: nullable(Principal),
  secret_set_at: Timestamp,
  former_secret_until: nullable({
    ...Timestamp,
    description: "Until then deliveries are signed with the former secret as well; null where there is none.",
  }),
  cursor: Type.Integer({ description: "Deliveries have been made for events up to this number (`seq`)." }),
  pending: Type.Integer({ description: "Deliveries that wait for an attempt; 1000 stands for that many or more." }),
  dead: Type.Integer({ description: "Dead letters; 1000 stands for that many or more." }),
  rests_until: nullable({
    ...Timestamp,
    description: "It has not answered at all several times in a row: nothing is sent to it before then.",
  }),
};

export const Webhook = Type.Object(shown, closed);
export type Webhook = Static<typeof Webhook>;

/** With its secret, which is shown once. */
export const WebhookWithSecret = Type.Object(
  {
    ...shown,
    secret: nullable(
      Type.String({
        pattern: "^whsec_[A-Za-z0-9+/]+={0,2}$",
        description:
          "Key of the signatures, for any Standard Webhooks library. Shown once; null where the answer is given again under an " +
          "idempotency key and the webhook has got another secret since.",
        examples: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
      }),
    ),
  },
  closed,
);
export type WebhookWithSecret = Static<typeof WebhookWithSecret>;

/** One event on its way to one webhook. */
export const Delivery = Type.Object(
  {
    number: Type.Integer({ description: "The number (`seq`) of the event." }),
    message_id: Type.String({
      description: "`webhook-id` of each attempt: the same at each, so that a receiver knows repeats.",
    }),
    action: Type.String({ examples: ["grant.consumed"] }),
    resource_type: Type.String(),
    resource_id: Type.String(),
    occurred_at: Timestamp,
    status: Type.Enum([...deliveryStatuses]),
    attempts: Type.Integer({ description: "Since it was made, or since it was last replayed." }),
    replays: Type.Integer(),
    created_at: Timestamp,
    next_attempt_at: nullable({ ...Timestamp, description: "null where it has ended." }),
    last_attempt_at: nullable(Timestamp),
    ended_at: nullable(Timestamp),
    answer_status: nullable(
      Type.Integer({ description: "HTTP status of the last answer; null where there was none." }),
    ),
    error: nullable(
      Type.String({ description: "Why the last attempt failed. Nothing of an answer is kept but its status." }),
    ),
  },
  closed,
);
export type Delivery = Static<typeof Delivery>;

/** What is sent: the body of each delivery (Standard Webhooks). */
export const WebhookMessage = Type.Object(
  {
    type: Type.String({ description: "The action.", examples: ["grant.consumed"] }),
    timestamp: Timestamp,
    data: Type.Object(
      {
        seq: Type.Integer({ description: "Number of the event. It rises with each event of a resource." }),
        action: Type.String(),
        resource_type: Type.String(),
        resource_id: Type.String(),
        actor: Type.String(),
        request_id: Type.String(),
        digests: Json,
        after: Json,
      },
      closed,
    ),
  },
  closed,
);
export type WebhookMessage = Static<typeof WebhookMessage>;
